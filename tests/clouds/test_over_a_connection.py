"""What arrives at the other end of a real connection, through the client that the exporter uses."""

import gzip
from asyncio import StreamReader, StreamWriter, start_server
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from exporter.clouds import alibaba, huawei
from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.credentials import AccessKey
from exporter.transport import connect
from tests.clouds.iam_answers import NOW, auth_of, login_answer
from tests.clouds.signing import always, key

KEY = key("AK", "secret", "token//+==")
ODD_PATH = "/v1/a%20b%2Fc*~+%C3%A9(1)!$&',;=:@/d"
ODD_QUERY = [("name", "a b/c*~+é&=?#%"), ("b", ""), ("name", "(1)!$',;:@[]|"), ("a", "~")]

Sent = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body, as they go over the wire."""
Answer = Callable[[httpx.Request], Sent]


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[httpx.AsyncClient]:
    """Yield the exporter's own client of a server that answers as it is told."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        request = await received(reader)
        status, headers, body = answer(request)
        told = {"Connection": "close", **headers, "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)
        writer.close()

    async with await start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with connect(f"http://{host}:{port}", ca_file=None, connections=4, timeout=5.0) as client:
            yield client


async def received(reader: StreamReader) -> httpx.Request:
    """Return the request as it came over the wire, byte for byte."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.strip().split("\r\n")
    method, target, _ = line.split(" ")
    headers = httpx.Headers([(name, value) for name, _, value in (text.partition(": ") for text in rest)])
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return httpx.Request(method, f"http://{headers['host']}{target}", headers=headers, content=content)


@pytest.mark.parametrize(
    ("auth", "sign"),
    [
        (AlibabaAuth(always(KEY)), alibaba.sign),
        (HuaweiKeyAuth(always(KEY), "p"), huawei.sign),
    ],
    ids=["alibaba", "huawei"],
)
async def test_a_server_comes_to_the_same_signature(
    auth: httpx.Auth, sign: Callable[[httpx.Request, AccessKey], str]
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> Sent:
        seen.append(request)
        return 200, {}, b"{}"

    async with served(answer) as client:
        headers = {"x-acs-action": "A", "x-acs-version": "1", "workspace": "w"}
        await client.get(ODD_PATH, params=httpx.QueryParams(tuple(ODD_QUERY)), headers=headers, auth=auth)
    [request] = seen
    assert request.headers["Authorization"] == sign(request, KEY)
    assert sorted(request.url.params.multi_items()) == sorted(ODD_QUERY)


async def test_a_token_is_fetched_and_a_refused_one_replaced() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> Sent:
        seen.append(f"{request.method} {request.headers.get('X-Auth-Token', '')}".strip())
        if request.method == "POST":
            login = login_answer(f"T{len(seen)}")
            return 201, {"X-Subject-Token": login.headers["X-Subject-Token"]}, login.content
        if request.headers["X-Auth-Token"] == "T1":
            return 401, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 10**6)
        return 200, {}, b"page"

    async with served(answer) as client:
        auth = auth_of(lambda: NOW, iam=str(client.base_url))
        response = await client.get("/v1/p/jobs", auth=auth)
    assert (response.status_code, response.content) == (200, b"page")
    assert seen == ["POST", "GET T1", "POST", "GET T3"]
