"""Where keys come from in a cloud, on loopback: metadata services, STS, credentials URIs, pod identity.

The vendors' libraries know these by addresses of their own, some of them fixed. Both send their requests
through the proxy that the environment names, so that a proxy can be all of those places.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from exporter.simulator.identities import DemoKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as a place got it; the query's and header's names each have one value."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


Answer = tuple[int, str]
Reply = Callable[[Asked], Answer]


@dataclass(slots=True)
class Places:
    """What each place answers, and what it was asked; other places answer 404."""

    port: int
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        reply = self.replies.get(f"{asked.method} {asked.host}{asked.path}")
        return reply(asked) if reply else (404, "nothing here")

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.host}{asked.path}" for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    """A proxy that does not go anywhere: it speaks TLS itself where it is asked for a tunnel."""

    protocol_version = "HTTP/1.1"
    places: Places
    tls: Callable[[str], ssl.SSLContext]
    tunnel = ""

    def do_CONNECT(self) -> None:
        self.tunnel = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = type(self).tls(self.tunnel).wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def reply(self) -> None:
        address = urlsplit(self.path)
        length = int(self.headers.get("content-length", 0))
        status, body = self.places.answer(
            Asked(
                method=self.command,
                host=self.tunnel or address.netloc or self.headers["host"],
                path=address.path,
                query={name: values[0] for name, values in parse_qs(address.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length).decode(),
            )
        )
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = reply  # noqa: N815 - the names that its base calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Its threads end with their connections, which the libraries keep: they are not waited for."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Say nothing of connections that were cut."""


@contextmanager
def serving(tls: Callable[[str], ssl.SSLContext]) -> Iterator[Places]:
    """Serve places for as long as the block lasts."""
    handler = type("Bound", (Handler,), {"tls": staticmethod(tls)})
    with Server(("127.0.0.1", 0), handler) as server:
        places = Places(port=server.server_port)
        handler.places = places  # type: ignore[attr-defined]  # a class made here
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield places
        finally:
            places.closed.set()
            server.shutdown()
            thread.join()


class Issuer:
    """Gives the keys of a list in turn, the last one again and again."""

    def __init__(self, *keys: DemoKey) -> None:
        self._keys = list(keys)
        self.given = 0

    def next(self) -> DemoKey:
        self.given += 1
        return self._keys.pop(0) if len(self._keys) > 1 else self._keys[0]


def alibaba_members(key: DemoKey) -> dict[str, str]:
    """Return a key as every place of Alibaba Cloud has it."""
    return {
        "AccessKeyId": key.id,
        "AccessKeySecret": key.secret,
        "SecurityToken": key.security_token or "",
        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.expires)),
    }


def huawei_members(key: DemoKey) -> dict[str, str]:
    """Return a key as Huawei Cloud's metadata service has it."""
    return {
        "access": key.id,
        "secret": key.secret,
        "securitytoken": key.security_token or "",
        "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(key.expires)),
    }


ECS = "100.100.100.200/latest"
ECS_ROLE = "GET 100.100.100.200/latest/meta-data/ram/security-credentials/"


def alibaba_metadata(
    issuer: Issuer, role: str = "metrics", token: str = "metadata-token"
) -> dict[str, Reply]:
    """Return the metadata service of an ECS, which takes no request without its token."""

    def guarded(answer: Callable[[], str]) -> Reply:
        def reply(asked: Asked) -> Answer:
            fits = asked.headers.get("x-aliyun-ecs-metadata-token") == token
            return (200, answer()) if fits else (403, "no token")

        return reply

    def begin(asked: Asked) -> Answer:
        return (
            (200, token) if "x-aliyun-ecs-metadata-token-ttl-seconds" in asked.headers else (400, "no life")
        )

    return {
        f"PUT {ECS}/api/token": begin,
        ECS_ROLE: guarded(lambda: role),
        f"{ECS_ROLE}{role}": guarded(
            lambda: json.dumps({"Code": "Success", **alibaba_members(issuer.next())})
        ),
    }


def alibaba_sts(issuer: Issuer, id_token: Callable[[], str]) -> dict[str, Reply]:
    """Return STS of Alibaba Cloud, which takes the OIDC token that is good now."""

    def assume(asked: Asked) -> Answer:
        query = asked.query
        if query.get("Action") != "AssumeRoleWithOIDC" or query.get("Version") != "2015-04-01":
            return 400, '{"Code":"InvalidAction","Message":"no such action"}'
        if query.get("OIDCToken") != id_token():
            told = {"Code": "AuthenticationFail.OIDCToken.Invalid", "Message": f"bad: {query['OIDCToken']}"}
            return 400, json.dumps({"RequestId": "1234", **told})
        return 200, json.dumps({"Credentials": alibaba_members(issuer.next())})

    return {"GET sts.aliyuncs.com": assume, "GET sts.aliyuncs.com/": assume}


def alibaba_uri(issuer: Issuer) -> dict[str, Reply]:
    """Return a place of one's own that hands out keys of Alibaba Cloud."""
    return {
        "GET keys.example/alibaba": lambda _: (
            200,
            json.dumps({"Code": "Success", **alibaba_members(issuer.next())}),
        )
    }


HUAWEI_METADATA = "169.254.169.254"
SECURITY_KEY = f"GET {HUAWEI_METADATA}/openstack/latest/securitykey"


def huawei_metadata(issuer: Issuer, token: str = "metadata-token") -> dict[str, Reply]:
    """Return the metadata service of an ECS with an agency."""

    def key(asked: Asked) -> Answer:
        if asked.headers.get("x-metadata-token") != token:
            return 401, "renew the token"
        return 200, json.dumps({"credential": huawei_members(issuer.next())})

    return {
        f"PUT {HUAWEI_METADATA}/meta-data/latest/api/token": lambda _: (200, token),
        SECURITY_KEY: key,
    }


def huawei_sts(issuer: Issuer, id_token: Callable[[], str]) -> dict[str, Reply]:
    """Return STS of Huawei Cloud, which takes the OIDC token that is good now."""

    def assume(asked: Asked) -> Answer:
        told = json.loads(asked.body)
        if told["id_token"] != id_token():
            return 400, json.dumps({"error_code": "STS.0001", "error_msg": f"bad token {told['id_token']}"})
        return 200, json.dumps({"credentials": huawei_members(issuer.next())})

    return {"POST sts.example/v5/agencies/assume-with-oidc": assume}


def huawei_pod(issuer: Issuer, authorization: Callable[[], str]) -> dict[str, Reply]:
    """Return the agent of a cluster's node, which takes the pod's token that is good now."""

    def key(asked: Asked) -> Answer:
        if asked.headers.get("authorization") != authorization():
            return 401, f"bad token {asked.headers.get('authorization')}"
        return 200, json.dumps({"credential": huawei_members(issuer.next())})

    return {"POST pod.example/v1/credentials": key}
