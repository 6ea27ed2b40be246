"""What becomes of sources, and of what they share, when the configuration changes."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from exporter.assembly import Assembly, Logins, over_the_network
from exporter.config import Config, Source
from exporter.credentials import AlibabaKeys, FixedSecret, HuaweiPassword, Secret, SecretFile
from exporter.errors import Reason, SourceError
from exporter.instruments import Instruments
from exporter.scrape import Standby
from tests.apis.cases import CASES
from tests.fakes import the_settings
from tests.sockets import Authority

API = "octopus_system_jobs"
OPTIONS = CASES[API].options


def password(text: str = "p") -> HuaweiPassword:
    return HuaweiPassword(username="u", password=FixedSecret(Secret(text)), domain="d")


def a_source(name: str = "a", **changes: Any) -> Source:
    known: dict[str, Any] = {"name": name, "credentials": password(), "options": OPTIONS}
    return the_settings(API, **(known | changes))


def of(*sources: Source) -> Config:
    return Config(sources=sources)


class Opened:
    """Opens clients that reach nobody; ``refused`` names the source whose client cannot be made."""

    def __init__(self) -> None:
        self.endpoints: list[tuple[str, str]] = []
        self.refused: str | None = None

    def __call__(self, endpoint: str, settings: Source) -> httpx.AsyncClient:
        if settings.name == self.refused:
            raise SourceError(Reason.TLS, "ca_file gone meanwhile")
        self.endpoints.append((settings.name, endpoint))
        return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))


def by_name(standbys: list[Standby]) -> Mapping[str, Standby]:
    return {standby.source.settings.name: standby for standby in standbys}


async def test_equal_settings_are_the_same_source_and_no_new_client() -> None:
    opened = Opened()
    assembly = Assembly(Instruments(), opened)
    before = assembly.standbys(of(a_source("a"), a_source("b")), {})
    # As the file is read again, every value is a new object.
    again = of(a_source("b"), a_source("a"))
    after = assembly.standbys(again, by_name(before))
    assert after == before[::-1]
    assert len(opened.endpoints) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"timeout": 3.0},
        {"per_job": 5},
        {"region": "elsewhere"},
        {"endpoint": "https://other.test"},
        {"credentials_name": "others"},
        {"credentials": password("q")},
        {"options": msgspec.structs.replace(OPTIONS, workspaces=("7",))},
    ],
    ids=str,
)
async def test_any_other_setting_makes_another_source(change: dict[str, Any]) -> None:
    assembly = Assembly(Instruments(), Opened())
    before = assembly.standbys(of(a_source("a"), a_source("b")), {})
    after = assembly.standbys(of(a_source("a", **change), a_source("b")), by_name(before))
    assert [old is new for old, new in zip(before, after, strict=True)] == [False, True]


async def test_a_secret_file_is_the_same_one_whatever_is_in_it(tmp_path: Path) -> None:
    assembly = Assembly(Instruments(), Opened())

    def source() -> Source:
        file = SecretFile(tmp_path / "secret")
        return a_source(credentials=AlibabaKeys(access_key_id=file, access_key_secret=file))

    (tmp_path / "secret").write_text("one")
    first = source()
    first.credentials.access_key_id.read()  # type: ignore[union-attr] # as a request does
    before = assembly.standbys(of(first), {})
    (tmp_path / "secret").write_text("another")
    assert assembly.standbys(of(source()), by_name(before)) == before


async def test_a_ca_file_that_says_something_else_makes_another_source(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "one"), Authority(tmp_path, "other")
    assembly = Assembly(Instruments(), over_the_network)
    sources = of(a_source("a", ca_file=authority.file), a_source("b"))
    before = assembly.standbys(sources, {})
    authority.file.write_bytes(authority.file.read_bytes())  # touched, not changed
    assert assembly.standbys(sources, by_name(before)) == before
    authority.file.write_bytes(other.file.read_bytes())
    after = assembly.standbys(sources, by_name(before))
    assert [old is new for old, new in zip(before, after, strict=True)] == [False, True]
    assert assembly.standbys(sources, by_name(after)) == after


async def test_the_same_credentials_in_one_scope_are_one_login() -> None:
    logins = Logins()
    first = logins.auth(a_source("a"))
    assert logins.auth(a_source("b", timeout=3.0)) is first
    assert logins.auth(a_source("c", region="elsewhere")) is not first
    assert logins.auth(a_source("d", credentials_name="others")) is not first
    options = msgspec.structs.replace(OPTIONS, project_id="other")
    assert logins.auth(a_source("e", options=options)) is not first


async def test_what_one_endpoint_thinks_of_credentials_does_not_stop_another() -> None:
    logins = Logins()
    auth = logins.auth(a_source())
    standing = logins.standing(a_source("a"), "https://one.test", auth)
    assert logins.standing(a_source("b"), "https://one.test", auth) is standing
    assert logins.standing(a_source("a"), "https://two.test", auth) is not standing


async def test_other_credentials_by_the_same_name_begin_anew_and_nobody_elses_do() -> None:
    logins = Logins()
    old, others = a_source("a"), a_source("b", credentials_name="others")
    auth, other = logins.auth(old), logins.auth(others)
    standing = logins.standing(old, "https://one.test", auth)
    new = a_source("a", credentials=password("q"))
    assert logins.auth(new) is not auth
    assert logins.standing(new, "https://one.test", logins.auth(new)) is not standing
    assert logins.auth(new) is logins.auth(new)
    assert logins.auth(others) is other


async def test_a_copy_shares_what_is_known_and_keeps_what_it_learns_to_itself() -> None:
    logins = Logins()
    source = a_source()
    auth = logins.auth(source)
    standing = logins.standing(source, "https://one.test", auth)
    twin = logins.copy()
    assert twin.auth(source) is auth
    changed = a_source(credentials=password("q"))
    assert twin.auth(changed) is not auth
    assert twin.standing(changed, "https://two.test", auth) is not standing
    assert logins.auth(source) is auth
    assert logins.standing(source, "https://one.test", auth) is standing
    assert logins.standing(source, "https://two.test", auth) is not twin.standing(
        changed, "https://two.test", auth
    )


async def test_credentials_that_nobody_names_any_more_are_forgotten() -> None:
    logins = Logins()
    source, other = a_source(), a_source("b", credentials_name="others")
    auth, kept = logins.auth(source), logins.auth(other)
    standing = logins.standing(source, "https://one.test", auth)
    logins.forget_all_but({"others"})
    assert logins.auth(other) is kept
    assert logins.auth(source) is not auth
    assert logins.standing(source, "https://one.test", auth) is not standing


def signer(standby: Standby) -> object:
    """Return what signs the requests of a source: two that share it share a token."""
    return standby.source._login


async def test_a_configuration_that_comes_to_nothing_leaves_no_trace() -> None:
    opened = Opened()
    assembly = Assembly(Instruments(), opened)
    before = assembly.standbys(of(a_source("a")), {})
    changed = password("q")
    opened.refused = "z"
    with pytest.raises(SourceError, match="ca_file gone meanwhile"):
        assembly.standbys(of(a_source("a", credentials=changed), a_source("z")), by_name(before))
    opened.refused = None
    after = assembly.standbys(of(a_source("a"), a_source("b")), by_name(before))
    assert after[0] is before[0]
    assert signer(after[1]) is signer(before[0])


async def test_a_new_source_shares_the_login_of_those_that_stay() -> None:
    assembly = Assembly(Instruments(), Opened())
    before = assembly.standbys(of(a_source("a")), {})
    after = assembly.standbys(of(a_source("a"), a_source("b")), by_name(before))
    assert signer(after[1]) is signer(before[0])
    without = assembly.standbys(of(a_source("c", credentials_name="others")), by_name(after))
    again = assembly.standbys(of(a_source("a")), by_name(without))
    assert signer(again[0]) is not signer(before[0])


async def test_sources_of_the_same_credentials_share_the_limits_of_the_one_with_the_most() -> None:
    logins = Logins()
    slow, fast = a_source("a", requests_per_second=2.0), a_source("b", requests_per_second=8.0)
    shared = logins.shared(slow)
    assert shared is logins.shared(fast)
    logins.allow([slow, fast])
    assert shared.pace.rate == 8.0
    logins.allow([slow])
    assert shared.pace.rate == 2.0
    assert logins.shared(a_source("c", credentials_name="others")) is not shared


async def test_a_configuration_that_failed_leaves_nothing_behind_that_shares_places() -> None:
    opened = Opened()
    opened.refused = "broken"
    assembly = Assembly(Instruments(), opened)
    (before,) = assembly.standbys(of(a_source("a", concurrency=4)), {})
    with pytest.raises(SourceError):
        assembly.standbys(
            of(a_source("a", concurrency=4), a_source("b"), a_source("broken")), by_name([before])
        )
    seats = before.source._client._places
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(1):
            for _ in range(4):
                await stack.enter_async_context(seats)
