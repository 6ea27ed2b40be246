"""How each fault of the table is done: to the host, or to one answer."""

import asyncio
import json
import math
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from functools import cache
from typing import Any

from exporter.simulator.refusal import Cloud as Manners
from exporter.simulator.refusal import (
    Refusal,
    bad_parameter,
    body,
    forbidden,
    not_authenticated,
    server_error,
    unknown_path,
)
from exporter.simulator.simulation import PROXY_PAGE
from tests.faults.cloud import Act, Cloud, Exchange, Position, Strike, head
from tests.faults.lists import Body, ListOf

Host = Callable[..., Awaitable[None]]
"""Lets a host go wrong: (cloud, once=...)."""

GIGABYTE = 2**30
CHUNK = b"x" * 2**16
MOMENT = 0.1
"""Seconds for which a host is gone once."""


def refusing(make: Callable[[Manners], Refusal], **headers: str) -> Act:
    """Return what answers with an error in the vendor's words."""

    async def act(exchange: Exchange) -> None:
        assert exchange.operation is not None
        manners = exchange.operation.cloud
        refusal = make(manners)
        content = json.dumps(body(manners, refusal, "id-1", "cloud.test")).encode()
        truth = exchange.truth()
        await exchange.reply(replace(truth, status=refusal.status, body=content), **headers)

    return act


def saying(status: int, content: bytes = b"", content_type: str | None = None, **headers: str) -> Act:
    """Return what answers with these bytes."""

    async def act(exchange: Exchange) -> None:
        answer = replace(exchange.truth(), status=status, body=content, content_type=content_type)
        await exchange.reply(answer, **headers)

    return act


def altering(change: Callable[[ListOf, Body], object]) -> Act:
    """Return what changes a page, or makes something else of it."""

    async def act(exchange: Exchange) -> None:
        truth = exchange.truth()
        page = json.loads(truth.body)
        changed = change(exchange.cloud.list, page)
        content = changed if isinstance(changed, bytes) else json.dumps(changed or page).encode()
        await exchange.reply(replace(truth, body=content))

    return act


def totalling(total: Callable[[int], object]) -> Act:
    """Return what tells another total."""

    def change(one: ListOf, page: Body) -> None:
        holder = one.holder(page, one.total)
        holder[one.total[-1]] = total(holder[one.total[-1]])

    return altering(change)


def each_row(change: Callable[[ListOf, int, dict[str, Any]], None]) -> Act:
    """Return what changes the rows of a page."""

    def all_rows(one: ListOf, page: Body) -> None:
        for number, row in enumerate(one.holder(page, one.rows)[one.rows[-1]]):
            change(one, number, row)

    return altering(all_rows)


def unsigned(manners: Manners) -> Refusal:
    """Return the answer to a wrong signature."""
    if manners is Manners.ALIBABA:
        return Refusal(401, "SignatureDoesNotMatch", "Specified signature is not matched.")
    return not_authenticated(manners, "verify aksk signature fail")


LOGIN_PAGE = b"<!doctype html><html><title>Sign in</title><body>Welcome to this network.</body></html>"


async def reset(exchange: Exchange) -> None:
    exchange.truth()  # the cloud has taken note of the request, and of its nonce
    exchange.reset()


async def reset_in_the_body(exchange: Exchange) -> None:
    await _half(exchange)
    exchange.reset()


async def cut_off(exchange: Exchange) -> None:
    await _half(exchange)
    exchange.writer.close()


async def _half(exchange: Exchange) -> None:
    truth = exchange.truth()
    whole = str(len(truth.body))
    await exchange.reply(replace(truth, body=truth.body[: len(truth.body) // 2]), content_length=whole)


async def no_answer(exchange: Exchange) -> None:
    await exchange.wait()


async def head_only(exchange: Exchange) -> None:
    await exchange.send(head(200, {"content-length": "100", "content-type": "application/json"}))
    await exchange.wait()


async def byte_by_byte(exchange: Exchange) -> None:
    truth = exchange.truth()
    await exchange.send(head(200, {"content-length": str(len(truth.body))}))
    for byte in truth.body:
        await exchange.send(bytes([byte]))
        await exchange.wait(1.0)


async def no_http(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    exchange.writer.close()


async def a_gigabyte(exchange: Exchange) -> None:
    await exchange.send(head(200, {"content-length": str(GIGABYTE + 2)}) + b'"')
    for _ in range(GIGABYTE // len(CHUNK)):
        await exchange.send(CHUNK)
    await exchange.send(b'"')


@cache
def bomb() -> bytes:
    """Return 256 MB of blanks, packed; but for the checksum at the end."""
    packer = zlib.compressobj(9, wbits=31)
    first, following = (packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + 255 * following


async def unpacking_for_ever(exchange: Exchange) -> None:
    await exchange.reply(replace(exchange.truth(), body=bomb()), content_encoding="gzip")


async def elsewhere(exchange: Exchange) -> None:
    port = exchange.cloud.elsewhere.sockets[0].getsockname()[1]
    await exchange.reply(
        replace(exchange.truth(), status=302, body=b""), location=f"http://127.0.0.1:{port}/jobs?token=1"
    )


async def in_a_second(exchange: Exchange) -> None:
    then = formatdate(exchange.cloud.clock() + 1, usegmt=True)
    await saying(429, retry_after=then)(exchange)


def moving() -> Act:
    """Return what tells one more with every answer."""
    told = 0

    def more(total: int) -> int:
        nonlocal told
        told += 1
        return total + told

    return totalling(more)


async def same_page(exchange: Exchange) -> None:
    """Answer with the first page, whichever is asked for."""
    known = exchange.cloud.first_page if exchange.index else None
    await exchange.reply(known or exchange.truth())


def twice(one: ListOf, page: Body) -> bytes:
    """Tell another total before the true one."""
    holder = one.holder(page, one.total)
    name = one.total[-1]
    true = f'"{name}": {holder[name]}'
    return json.dumps(page).replace(true, f'"{name}": 1, {true}').encode()


def broken_text(one: ListOf, page: Body) -> bytes:
    """Write a word of the first row in bytes that are no UTF-8."""
    one.holder(page, one.rows)[one.rows[-1]][0][one.word] = "@@"
    return json.dumps(page).encode().replace(b"@@", b"\xff\xfe\xc3\x28")


def no_rows(one: ListOf, page: Body) -> None:
    one.holder(page, one.rows)[one.rows[-1]] = []


def rows_in_an_object(one: ListOf, page: Body) -> None:
    one.holder(page, one.rows)[one.rows[-1]] = {"0": "row"}


def the_same_id(one: ListOf, _: int, row: dict[str, Any]) -> None:
    row[one.key] = 1 if isinstance(row[one.key], int) else "one"


def own_word(one: ListOf, number: int, row: dict[str, Any]) -> None:
    row[one.word] = f"WORD_{number}"


async def refusing_connections(cloud: Cloud, *, once: bool) -> None:
    await cloud.refuse()
    if once:
        loop = asyncio.get_running_loop()
        loop.call_later(MOMENT, lambda: cloud.tasks.add(loop.create_task(cloud.heal())))


async def without_a_name(cloud: Cloud, *, once: bool) -> None:
    cloud.names.unknown = 1 if once else math.inf
    cloud.hang_up()


def showing(certificate: str) -> Host:
    """Return what shows another certificate to whoever connects."""

    async def show(cloud: Cloud, *, once: bool) -> None:
        cloud.bad_certificate, cloud.bad_handshakes = certificate, 1 if once else math.inf
        cloud.hang_up()

    return show


HOSTS: Mapping[str, Host] = {
    "connection refused": refusing_connections,
    "unknown host": without_a_name,
    "certificate of another name": showing("another name"),
    "expired certificate": showing("expired"),
    "unknown authority": showing("unknown authority"),
}
"""What happens to a host, at once or, in the middle of a walk, when a request for that page comes."""

THROTTLING = b'{"error_code": "APIGW.0308", "error_msg": "The throttling threshold has been reached"}'

ANSWERS: Mapping[str, Callable[[], Act]] = {
    "reset before the answer": lambda: reset,
    "reset in the body": lambda: reset_in_the_body,
    "body cut off": lambda: cut_off,
    "no answer": lambda: no_answer,
    "head without body": lambda: head_only,
    "one byte a second": lambda: byte_by_byte,
    "not HTTP": lambda: no_http,
    "429 without a hint": lambda: saying(429, THROTTLING),
    "429 with seconds": lambda: saying(429, THROTTLING, retry_after="1"),
    "429 with a date": lambda: in_a_second,
    "429 with milliseconds": lambda: saying(429, x_acs_retry_after="1000"),
    "429 for an hour": lambda: saying(429, THROTTLING, retry_after="3600"),
    "429 with nonsense": lambda: saying(429, THROTTLING, retry_after="-1e400"),
    "throttling as 400": lambda: refusing(lambda _: Refusal(400, "Throttling.User", "Request was denied.")),
    "500": lambda: refusing(server_error),
    "502 with HTML": lambda: saying(502, PROXY_PAGE, "text/html"),
    "503 with nothing": lambda: saying(503),
    "401": lambda: refusing(unsigned),
    "expired token": lambda: refusing(not_authenticated),
    "expired login": lambda: refusing(not_authenticated),
    "403": lambda: refusing(forbidden),
    "400 with DLF.6888": lambda: refusing(lambda _: Refusal(400, "DLF.6888", "Invalid account permissions.")),
    "400": lambda: refusing(lambda manners: bad_parameter(manners, "limit: 200 is out of range [1, 100]")),
    "404 of the gateway": lambda: refusing(unknown_path),
    "redirect": lambda: elsewhere,
    "HTML": lambda: saying(200, LOGIN_PAGE, "text/html"),
    "empty body": lambda: saying(200),
    "half of the JSON": lambda: altering(lambda _, page: json.dumps(page).encode()[:-20]),
    "gzip that lies": lambda: saying(200, b'{"total": 1}', content_encoding="gzip"),
    "gzip without end": lambda: unpacking_for_ever,
    "body of 1 GB": lambda: a_gigabyte,
    "wrong shape": lambda: altering(lambda _, page: [page]),
    "wrong types": lambda: altering(rows_in_an_object),
    "number as a string": lambda: totalling(str),
    "number beyond 64 bits": lambda: totalling(lambda _: 10**29),
    "NaN": lambda: totalling(lambda _: math.nan),
    "negative total": lambda: totalling(lambda _: -1),
    "deep nesting": lambda: saying(200, b"[" * 1_000_000),
    "invalid UTF-8": lambda: altering(broken_text),
    "duplicate keys": lambda: altering(twice),
    "words by the thousand": lambda: each_row(own_word),
    "total that lies": lambda: totalling(lambda total: total + 1),
    "total that moves": moving,
    "the same page for ever": lambda: same_page,
    "empty page before the end": lambda: altering(no_rows),
    "ids that repeat": lambda: each_row(the_same_id),
}
"""What becomes of one answer."""

ONWARDS = frozenset({"total that moves", "the same page for ever"})
"""These strike the later pages, too."""


async def begin(cloud: Cloud, name: str, position: Position, *, once: bool) -> None:
    """Let a cloud go wrong from now on, or once."""
    left = 1 if once else None
    if name not in HOSTS:
        cloud.strike = Strike(ANSWERS[name](), position, left, onwards=name in ONWARDS)
    elif position is Position.FIRST:
        await HOSTS[name](cloud, once=once)
    else:

        async def lose_the_host(exchange: Exchange) -> None:
            await HOSTS[name](exchange.cloud, once=once)

        cloud.strike = Strike(lose_the_host, position, left=1)
