import re
import signal

import httpx

from tests.cli.running import running


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
