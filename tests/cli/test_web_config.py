from pathlib import Path

import httpx
import pytest

from tests.cli.running import config_file, invoke, running
from tests.sockets import Authority
from tests.web.webfiles import HASH, PASSWORD, client_context, tls, written


def test_every_mistake_is_told_before_anything_listens(tmp_path: Path) -> None:
    web = tmp_path / "web.yaml"
    web.write_text("tls_server_config: {cert_file: a}\nbasic_auth_users: {prometheus: b}\n")
    for command in ((), ("demo",)):
        options = ("--web.listen-address=127.0.0.1:0", "--web.config.file", web)
        before = () if command else ("--config.file", config_file(tmp_path))
        ended = invoke(*command, *before, *options)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert ended.stderr.splitlines() == [
            f"{web}: 2 mistakes",
            "  line 1, tls_server_config.key_file: is missing; add key_file: exporter.key",
            "  line 2, basic_auth_users.prometheus: is no hash of bcrypt ($2a, $2b or $2y); "
            "write what `htpasswd -nBC 10 NAME` prints after the colon",
        ]


@pytest.mark.parametrize("command", ["check", "once", "simulate"])
def test_commands_without_pages_say_that_they_do_not_take_it(tmp_path: Path, command: str) -> None:
    ended = invoke("--web.config.file", tmp_path / "web.yaml", command)
    assert ended.exit_code == 2
    assert f"--web.config.file stands before {command}: {command} does not take it" in ended.stderr


def test_the_demo_can_be_served_over_tls_and_behind_a_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    section = tls(authority.issue("127.0.0.1"))
    web = written(tmp_path, tls_server_config=section, basic_auth_users={"me": HASH})
    options = ("--web.listen-address=127.0.0.1:0", "--jobs=30", "--web.config.file", web)
    with running("demo", *options) as demo:
        address = demo.out.wait_for("status page").split()[-1]
        assert address.startswith("https://127.0.0.1:")
        with httpx.Client(verify=client_context(authority), trust_env=False, timeout=30) as http:
            assert http.get(address).status_code == 401
            assert "datajobs-exporter" in http.get(address, auth=("me", PASSWORD)).text
        assert demo.end() == 0
    assert HASH not in "".join(demo.out.lines + demo.err.lines)
