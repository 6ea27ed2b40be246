import logging
import os
import time
from pathlib import Path

import pytest

from exporter.config import ConfigError
from exporter.web.webfile import SETTLED_NS, WebFile
from tests.sockets import Authority
from tests.web.webfiles import HASH, tls, written

OTHER = HASH[:-1] + ("A" if HASH[-1] != "A" else "B")


class Later:
    """A clock that runs ahead of the files' own, so that what was written just now has settled."""

    def __init__(self) -> None:
        self.ahead = 10 * SETTLED_NS

    def __call__(self) -> int:
        return time.time_ns() + self.ahead


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "exporter")
    return caplog


def opened(path: Path) -> WebFile:
    return WebFile(path, {}, Later())


def test_a_file_that_is_no_good_from_the_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        opened(written(tmp_path, basic_auth_users={"a": "b"}))


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    file = opened(written(tmp_path, basic_auth_users={"a": HASH}))
    assert file.current() is file.current()
    assert logged.messages == []


def test_users_and_headers_change_with_the_file(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    file = opened(written(tmp_path, basic_auth_users={"a": HASH}))
    written(
        tmp_path, basic_auth_users={"b": HASH}, http_server_config={"headers": {"X-Frame-Options": "deny"}}
    )
    now = file.current()
    assert (list(now.users), now.headers) == (["b"], {"X-Frame-Options": "deny"})
    assert file.current() is now
    assert logged.messages == ["the web configuration was reloaded"]


def test_a_file_that_was_replaced_is_seen_though_it_looks_alike(tmp_path: Path) -> None:
    path = written(tmp_path, basic_auth_users={"a": HASH})
    status = path.stat()
    file = opened(path)
    path.rename(tmp_path / "before")
    written(tmp_path, basic_auth_users={"a": OTHER})
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.current().users["a"].reveal() == OTHER


def test_two_changes_in_one_tick_of_the_clock_are_both_seen(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    later = Later()
    later.ahead = 0  # the file is fresh
    file = WebFile(written(tmp_path, basic_auth_users={"a": HASH}), {}, later)
    assert file.current() is not file.current()
    later.ahead = 10 * SETTLED_NS
    assert file.current() is file.current()
    assert logged.messages == []  # nothing has changed


def test_a_broken_file_leaves_the_old_one_at_work_and_is_told_once(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, basic_auth_users={"a": HASH})
    file = opened(path)
    before = file.current()
    path.write_text("basic_auth_users: {a: }")
    assert file.current() is file.current() is before
    [message] = logged.messages
    assert message.startswith(
        f"the web configuration was not reloaded, the old one is still at work: {path}: 1 mistake\n"
    )
    written(tmp_path, basic_auth_users={"c": HASH})
    assert list(file.current().users) == ["c"]
    assert logged.messages[1:] == ["the web configuration was reloaded"]


def test_a_file_that_has_gone_leaves_its_users_at_work(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, basic_auth_users={"a": HASH})
    file = opened(path)
    path.unlink()
    for _ in range(3):
        assert list(file.current().users) == ["a"]
    [message] = logged.messages
    assert "cannot be read: No such file or directory" in message


def test_a_file_that_is_being_written_lets_nobody_in(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, basic_auth_users={"a": HASH})
    file = opened(path)
    path.write_text("")  # as it is for a moment where an editor empties it first
    assert list(file.current().users) == ["a"]
    assert logged.messages == [
        "the web configuration was not reloaded, the old one is still at work: "
        f"{path}: it is empty; what it said is dropped by a restart only"
    ]


@pytest.mark.parametrize(("before", "switched"), [(True, "off"), (False, "on")])
def test_tls_is_not_switched_while_it_runs(
    tmp_path: Path, logged: pytest.LogCaptureFixture, before: bool, switched: str
) -> None:
    certificate = Authority(tmp_path).issue("localhost")

    def write(*, secure: bool) -> Path:
        section = {"tls_server_config": tls(certificate)} if secure else {}
        return written(tmp_path, basic_auth_users={"a": HASH}, **section)

    path = write(secure=before)
    file = opened(path)
    assert (file.tls is not None) == before
    write(secure=not before)
    assert (file.current().tls is not None) == before
    assert logged.messages == [
        "the web configuration was not reloaded, the old one is still at work: "
        f"{path}: TLS is switched {switched} by a restart only"
    ]


def test_a_new_certificate_is_seen(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue("localhost")
    file = opened(written(tmp_path, tls_server_config=tls(certificate)))
    before = file.current()
    authority.issue("localhost").rename(certificate)
    assert file.current().tls is not before.tls
    assert logged.messages == ["the web configuration was reloaded"]


def test_a_certificate_without_its_key_waits_for_the_key(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    certificate, key, new = (authority.issue("localhost") for _ in range(3))
    key.write_bytes(certificate.read_bytes())
    file = opened(written(tmp_path, tls_server_config={**tls(certificate), "key_file": str(key)}))
    before = file.current()
    certificate.write_bytes(new.read_bytes())
    assert file.current() is before
    key.write_bytes(new.read_bytes())
    assert file.current() is not before
    assert [message.partition(",")[0] for message in logged.messages] == [
        "the web configuration was not reloaded",
        "the web configuration was reloaded",
    ]


def test_a_mistake_in_a_file_that_is_newly_named_can_be_mended_there(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = opened(written(tmp_path, tls_server_config=tls(authority.issue("localhost"))))
    before = file.current()
    missing = tmp_path / "new.pem"
    written(tmp_path, tls_server_config=tls(missing))
    assert file.current() is before
    authority.issue("localhost").rename(missing)
    assert file.current() is not before


def test_http2_is_said_to_have_no_effect(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, http_server_config={"http2": True})
    opened(path)
    assert logged.messages == [f"{path}: http2 has no effect, HTTP/1.1 is spoken"]
