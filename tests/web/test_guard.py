import asyncio
import base64
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import bcrypt
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.credentials import Secret
from exporter.web.guard import Guard, credentials
from exporter.web.passwords import LONGEST, MOST, Passwords
from exporter.web.refusals import QUIET, Refusals
from exporter.web.webconfig import WebConfig
from tests.web.webfiles import HASH, PASSWORD

USERS = {"prometheus": Secret(HASH)}


def hashed(password: bytes) -> Secret:
    """Return a hash of the least cost, as what made it before bcrypt 5 would: of 72 bytes at most."""
    return Secret(bcrypt.hashpw(password[:LONGEST], bcrypt.gensalt(4)).decode())


@dataclass
class House:
    """A page behind a guard whose configuration may be changed."""

    config: WebConfig
    asked: int = field(default=0)

    def client(self) -> httpx.AsyncClient:
        app = Starlette(routes=[Route("/", self.page), Route("/-/healthy", self.page)])
        guard = Guard(app, lambda: self.config)
        return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://exporter:9788")

    async def page(self, _: Request) -> Response:
        self.asked += 1
        return PlainTextResponse("here\n", headers={"x-frame-options": "sameorigin"})


async def test_without_users_everybody_is_let_in() -> None:
    async with House(WebConfig()).client() as http:
        response = await http.get("/")
    assert (response.text, response.headers["x-frame-options"]) == ("here\n", "sameorigin")


@pytest.mark.parametrize("path", ["/", "/-/healthy", "/nowhere"])
@pytest.mark.parametrize("auth", [None, ("prometheus", "wrong"), ("somebody", PASSWORD), ("", "")])
async def test_who_is_not_let_in_learns_nothing(path: str, auth: tuple[str, str] | None) -> None:
    house = House(WebConfig(users=USERS))
    async with house.client() as http:
        response = await http.get(path, auth=auth)
    assert (response.status_code, response.text) == (401, "Unauthorized\n")
    assert response.headers["www-authenticate"] == 'Basic realm="datajobs-exporter", charset="UTF-8"'
    assert house.asked == 0


async def test_the_right_password_lets_in_until_the_user_is_gone() -> None:
    house = House(WebConfig(users=USERS))
    async with house.client() as http:
        http.auth = httpx.BasicAuth("prometheus", PASSWORD)
        for _ in range(3):
            assert (await http.get("/")).text == "here\n"
        house.config = WebConfig(users={"another": Secret(HASH)})
        assert (await http.get("/")).status_code == 401
        house.config = WebConfig(users={"prometheus": hashed(b"another")})
        assert (await http.get("/")).status_code == 401


async def test_headers_are_on_every_answer_and_replace_the_pages_own() -> None:
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=1"}
    async with House(WebConfig(users=USERS, headers=headers)).client() as http:
        refused = await http.get("/")
        answered = await http.get("/", auth=("prometheus", PASSWORD))
    for response in (refused, answered):
        assert response.headers.get_list("x-frame-options") == ["deny"]
        assert response.headers["strict-transport-security"] == "max-age=1"
    assert (refused.status_code, answered.status_code) == (401, 200)


async def test_refusals_are_told_without_what_was_given(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "exporter")
    async with House(WebConfig(users=USERS)).client() as http:
        await http.get("/")
        for _ in range(2):
            await http.get("/", auth=("planted-name", "planted-password"))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "127.0.0.1 gave no user and password (at most one such line a minute, all at debug)",
        ),
        ("DEBUG", "127.0.0.1 gave a wrong user or password"),
        ("DEBUG", "127.0.0.1 gave a wrong user or password"),
    ]


def test_a_refusal_is_a_warning_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "exporter")
    now = [0.0]
    refusals = Refusals(logging.getLogger("exporter.web"), lambda: now[0])
    for moment in (0.0, 1.0, QUIET - 0.1, QUIET, QUIET + 1):
        now[0] = moment
        refusals.note("no %s", "entry")
    assert [record.levelname for record in caplog.records] == [
        "WARNING",
        "DEBUG",
        "DEBUG",
        "WARNING",
        "DEBUG",
    ]


def test_one_kind_of_refusal_does_not_silence_another(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(logging.getLogger("exporter.web"), lambda: 0.0)
    refusals.note("no %s", "entry")
    refusals.note("wrong %s", "name")
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (basic(b"name:pass:word"), ("name", b"pass:word")),
        (basic(b"name:"), ("name", b"")),
        (basic("näme:wört".encode()), ("näme", "wört".encode())),
        ("bAsIc  bmFtZTpw ", ("name", b"p")),
        (basic(b"name"), None),
        (basic(b"\xff:p"), None),
        ("Basic", None),
        ("Basic =", None),
        ("Basic bmFtZTpw!", None),
        ("Basic ä", None),
        ("Bearer bmFtZTpw", None),
        ("", None),
    ],
)
def test_headers_are_read_as_they_should_be(header: str, found: tuple[str, bytes] | None) -> None:
    assert credentials(header) == found


class Counted:
    """Passwords whose rounds of bcrypt are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rounds: list[bytes] = []
        self.threads: set[int] = set()
        self.inside = self.most_inside = 0
        self.passwords = Passwords()
        self._check = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", self._counting)

    def _counting(self, password: bytes, against: bytes) -> bool:
        self.rounds.append(against)
        self.threads.add(threading.get_ident())
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        try:
            return self._check(password, against)
        finally:
            self.inside -= 1

    async def right(
        self, name: str, password: str | bytes = PASSWORD, users: Mapping[str, Secret] = USERS
    ) -> bool:
        given = password.encode() if isinstance(password, str) else password
        return await self.passwords.right(users, name, given)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


async def test_what_was_right_once_costs_no_further_round(counted: Counted) -> None:
    assert await counted.right("prometheus")
    assert await counted.right("prometheus")
    assert len(counted.rounds) == 1


async def test_many_at_once_cost_one_round(counted: Counted) -> None:
    assert all(await asyncio.gather(*(counted.right("prometheus") for _ in range(10))))
    assert len(counted.rounds) == 1


async def test_what_is_wrong_costs_a_round_each_time_one_at_a_time_and_off_the_loop(counted: Counted) -> None:
    tries = [counted.right("prometheus", f"wrong {n}") for n in range(5)]
    assert not any(await asyncio.gather(*tries, counted.right("prometheus", "wrong 0")))
    assert (len(counted.rounds), counted.most_inside) == (6, 1)
    assert threading.get_ident() not in counted.threads


async def test_an_unknown_user_costs_a_round_of_a_known_ones_cost(counted: Counted) -> None:
    users = {f"user {n}": hashed(b"") for n in range(5)}
    for name in ("a", "a", "b", "c", "d", "e", "f", "g"):
        assert not await counted.right(name, "", users)
    known = {secret.reveal().encode() for secret in users.values()}
    assert len(counted.rounds) == 8
    assert set(counted.rounds) <= known
    assert counted.rounds[0] == counted.rounds[1]  # the same each time, as a known user's


async def test_a_name_that_is_gone_is_not_let_in_by_another_of_the_same_hash(counted: Counted) -> None:
    assert await counted.right("one", users={"one": Secret(HASH), "two": Secret(HASH)})
    assert not await counted.right("one", users={"two": Secret(HASH)})


async def test_no_more_are_remembered_than_so_many(counted: Counted) -> None:
    secret = Secret(HASH)
    users = {f"user {n}": secret for n in range(MOST + 1)}
    for name in users:
        assert await counted.right(name, users=users)
    assert len(counted.rounds) == MOST + 1
    assert await counted.right(f"user {MOST}", users=users)
    assert len(counted.rounds) == MOST + 1
    assert await counted.right("user 0", users=users)  # the oldest was forgotten
    assert len(counted.rounds) == MOST + 2


@pytest.mark.parametrize("password", [b"", b"\0", b"a\0b", b"x" * 72, b"x" * 73, b"\xff" * 1000])
async def test_any_bytes_may_be_a_password(counted: Counted, password: bytes) -> None:
    users = {"prometheus": hashed(password)}
    assert await counted.right("prometheus", password, users)
    assert not await counted.right("prometheus", b"y" + password, users)
