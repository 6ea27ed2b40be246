"""Where secrets come from, and that they stay secret."""

import os
from pathlib import Path, PosixPath
from typing import Any

import pytest

from exporter.credentials import (
    AccessKey,
    AlibabaKeys,
    FixedSecret,
    HuaweiKeys,
    HuaweiPassword,
    Secret,
    SecretFile,
    SecretText,
    UnfitError,
    access_key,
    huawei_password,
    key_source,
    usable,
)
from exporter.errors import Reason, SourceError

PLANTED = "planted-secret"


def fixed(text: str) -> SecretText:
    return FixedSecret(Secret(text))


def old(path: Path) -> None:
    """Give a file a time of change that can be told from the next one."""
    os.utime(path, ns=(1, 1))


def failure(secret: SecretText) -> SourceError:
    with pytest.raises(SourceError) as caught:
        secret.read()
    return caught.value


def test_a_secret_shows_its_value_only_when_asked() -> None:
    secret = Secret(PLANTED)
    assert secret.reveal() == PLANTED
    assert PLANTED not in f"{secret} {secret!r} {[secret]} {FixedSecret(secret)!r}"


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize("text", ["key", "key\n", "key\r\n", "key\n\n", "\ufeffkey\n"])
def test_line_ends_after_a_secret_in_a_file_do_not_count(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(text.encode())
    assert SecretFile(path).read() == Secret("key")


def test_a_file_is_read_again_when_it_was_written_again(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = SecretFile(path)
    for value in ("first", "other", "third", "a longer one"):
        path.write_text(value)
        assert secret.read() == Secret(value)


def test_a_file_is_read_again_when_a_link_is_swapped(tmp_path: Path) -> None:
    """Kubernetes mounts a secret as a link to a link, and renames another over the inner one."""
    for name, value in (("..1", "old"), ("..2", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key").write_text(value)
        old(tmp_path / name / "key")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "key").symlink_to("..data/key")
    secret = SecretFile(tmp_path / "key")
    assert secret.read() == Secret("old")
    (tmp_path / "..swap").symlink_to("..2")
    (tmp_path / "..swap").rename(tmp_path / "..data")
    assert secret.read() == Secret("new")


class CountedPath(PosixPath):
    """A path that knows how often it was opened."""

    opened = 0

    def open(self, *args: Any, **options: Any) -> Any:
        self.opened += 1
        return super().open(*args, **options)


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    path = CountedPath(tmp_path / "secret")
    (tmp_path / "secret").write_text("key")
    settled = path.stat().st_ctime_ns + 1_000_000_000
    secret = SecretFile(path, now_ns=lambda: settled)
    assert [secret.read().reveal() for _ in range(3)] == ["key"] * 3
    assert path.opened == 1
    (tmp_path / "secret").write_text("new key")
    assert secret.read() == Secret("new key")
    assert path.opened == 2


def test_a_file_that_changed_just_now_is_read_each_time(tmp_path: Path) -> None:
    """Two writes within one tick of the file system's clock leave the same marks."""
    path = CountedPath(tmp_path / "secret")
    (tmp_path / "secret").write_text("key")
    changed = path.stat().st_ctime_ns
    secret = SecretFile(path, now_ns=lambda: changed + 1_000_000)
    assert [secret.read().reveal() for _ in range(3)] == ["key"] * 3
    assert path.opened == 3


def test_a_secret_that_is_back_after_a_failure_is_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("first")
    secret = SecretFile(path)
    secret.read()
    path.unlink()
    assert failure(secret).reason is Reason.CREDENTIALS
    path.write_text("second")
    assert secret.read() == Secret("second")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"planted-secret\nplanted-secret\n", "holds more than one line, or characters that do not show"),
        (b"planted-secret\0", "holds more than one line, or characters that do not show"),
        (b" planted-secret\n", "begins or ends with white space"),
        (b"planted-secret\xff", "is not UTF-8 text"),
        (b"planted-secret" * 10_000, "holds more than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_fails_with_its_name_and_without_its_content(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    error = failure(SecretFile(path))
    assert (error.reason, error.message) == (Reason.CREDENTIALS, f"{path}: {problem}")
    assert PLANTED not in f"{error!r} {error.__cause__!r}"


def test_what_is_no_file_fails_with_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert failure(SecretFile(tmp_path / "pipe")).message == f"{tmp_path / 'pipe'}: is not a regular file"
    assert failure(SecretFile(tmp_path)).message == f"{tmp_path}: is not a regular file"
    missing = failure(SecretFile(tmp_path / "nowhere"))
    assert missing.message == f"{tmp_path / 'nowhere'}: No such file or directory"
    assert isinstance(missing.__cause__, FileNotFoundError)


def test_files_are_equal_by_path_whatever_was_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PLANTED)
    known = SecretFile(tmp_path / "secret")
    known.read()
    assert known == SecretFile(tmp_path / "secret")
    assert len({known, SecretFile(tmp_path / "secret")}) == 1
    assert known != SecretFile(tmp_path / "other")
    assert PLANTED not in repr(known)


@pytest.mark.parametrize("text", ["", "\n", " ", "a\nb", "a\x7f", "a ", "\u200ba", "\ud800"])
def test_texts_that_are_no_secrets_are_refused(text: str) -> None:
    with pytest.raises(UnfitError):
        usable(text)


async def test_alibaba_keys_are_read_on_each_call(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("first\n")
    source = key_source(AlibabaKeys(access_key_id=fixed("id"), access_key_secret=SecretFile(path)))
    assert await source() == AccessKey(id="id", secret=Secret("first"))
    path.write_text("second\n")
    assert await source() == AccessKey(id="id", secret=Secret("second"))


async def test_huawei_keys_carry_their_token() -> None:
    keys = HuaweiKeys(access_key=fixed("ak"), secret_key=fixed("sk"), security_token=fixed("token"))
    assert await key_source(keys)() == AccessKey(
        id="ak", secret=Secret("sk"), security_token=Secret("token"), expires_at=None
    )


async def test_a_password_is_read_on_each_call(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("first\n")
    source = huawei_password(HuaweiPassword(username="u", password=SecretFile(path), domain="d"))
    assert await source() == Secret("first")
    path.unlink()
    with pytest.raises(SourceError, match="No such file"):
        await source()


@pytest.mark.parametrize(("key_id", "token"), [("a b", None), ("clé", None), ("id", "x x"), ("id", "é")])
def test_what_no_header_could_carry_is_refused_without_being_shown(key_id: str, token: str | None) -> None:
    keys = HuaweiKeys(
        access_key=fixed(key_id), secret_key=fixed("s"), security_token=fixed(token) if token else None
    )
    with pytest.raises(SourceError) as caught:
        access_key(keys)
    assert caught.value.reason is Reason.CREDENTIALS
    assert (token or key_id) not in caught.value.message
