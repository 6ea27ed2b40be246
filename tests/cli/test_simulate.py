import re
import signal
import subprocess
from itertools import takewhile
from pathlib import Path

import httpx

from tests.cli.running import COMMAND, invoke, running


def test_it_says_where_the_clouds_are_and_ends_at_ctrl_c() -> None:
    with running("simulate", "--listen=[::1]:0") as simulated:
        line = simulated.out.wait_for("simulated clouds")
        match = re.fullmatch(r"simulated clouds on (http://\[::1\]:\d+) \(Ctrl-C ends them\)", line)
        assert match
        response = httpx.get(f"{match[1]}/v1/project/jobs", trust_env=False, timeout=30)
        assert response.status_code == 401
        assert simulated.end(signal.SIGINT) == 0
    assert simulated.out.lines == [line]
    assert simulated.err.lines == []


def test_it_shows_a_configuration_that_works(tmp_path: Path) -> None:
    arguments = ["simulate", "--listen=127.0.0.1:0", "--show-config", "--jobs=20"]
    with subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as simulated:
        assert simulated.stdout is not None
        lines = iter(simulated.stdout.readline, "")
        config = tmp_path / "config.yaml"
        config.write_text("".join(takewhile(lambda line: "simulated clouds on" not in line, lines)))
        result = invoke("check", "--config.file", config)
        simulated.terminate()
    assert result.exit_code == 0, result.output
