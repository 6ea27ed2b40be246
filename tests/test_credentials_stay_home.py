"""No credentials reach a host that they are not for: every host listens, and what it was sent is read."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.config import ConfigError, load
from exporter.instruments import Instruments
from exporter.scrape import Result
from exporter.simulator.serve import Simulator
from tests.planting import CONFIG, ENVIRONMENT, GIVEN, JSON, SECRETS, planted

OWN = {
    "pai": {"a token in the environment"},
    "octopus": {"a token in a file"},
    "queue": set(),
    "dataarts": {"a token that the cloud gave"},
    "iam": {"a password that looks like words"},
}
"""What each host may be sent; the secrets of keys are sent to nobody."""


@dataclass
class Host:
    """Keeps everything that it is sent, and answers in one way."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    sent: list[str] = field(default_factory=list)

    def application(self) -> Starlette:
        async def answer(request: Request) -> Response:
            lines = [f"{request.method} {request.url}", *request.headers.values()]
            self.sent.append("\n".join([*lines, (await request.body()).decode()]))
            return Response(self.body, self.status, self.headers)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "CONNECT"])])


def an_iam() -> Host:
    body = json.dumps({"token": {"expires_at": "2099-01-01T00:00:00.000000Z"}})
    return Host(status=201, headers={"x-subject-token": GIVEN, **JSON}, body=body)


@asynccontextmanager
async def listening(hosts: dict[str, Host]) -> AsyncIterator[dict[str, str]]:
    """Let each host listen; yield their addresses by name."""
    if not hosts:
        yield {}
        return
    (name, host), *others = hosts.items()
    async with Simulator(host.application()) as one, listening(dict(others)) as rest:
        yield {name: one.url, **rest}


async def scraped(folder: Path, urls: dict[str, str]) -> list[Result]:
    """Scrape all sources once, each at its own host."""
    text = CONFIG.replace("500ms", "20s").replace(
        "iam_endpoint: ${SIMULATED}", f"iam_endpoint: {urls['iam']}"
    )
    for name in ("pai", "octopus", "queue", "dataarts"):
        text = text.replace("endpoint: ${SIMULATED}", f"endpoint: {urls[name]}", 1) if name in text else text
    config = load(planted(folder, text), APIS, ENVIRONMENT)
    scraper = assemble(config, Instruments())
    try:
        return await scraper.scrape(scraper.names, None)
    finally:
        await scraper.aclose()


def hosts() -> dict[str, Host]:
    return {name: Host() for name in ("pai", "octopus", "queue", "dataarts")} | {"iam": an_iam()}


def held(there: dict[str, Host]) -> dict[str, set[str]]:
    """Return which secrets each host was sent, whole, as they are or as an address or JSON spells them."""
    return {
        name: {kind for kind, secret in SECRETS.items() if spellings(secret) & parts(host.sent)}
        for name, host in there.items()
    }


def spellings(secret: str) -> set[str]:
    return {secret, quote(secret, safe="")}


def parts(sent: Sequence[str]) -> set[str]:
    """Return the values of headers, and the texts in bodies."""
    return set(re.split(r'"|\n', "\n".join(sent)))


async def test_each_host_gets_its_own_credentials_and_no_secret_of_a_key(tmp_path: Path) -> None:
    there = hosts()
    async with listening(there) as urls:
        await scraped(tmp_path, urls)
    assert held(there) == OWN
    assert all(host.sent for host in there.values())


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("form", ["{url}/v1/p/jobs", "//{host}/v1/p/jobs", "{url}/v3/auth/tokens"])
async def test_a_redirect_leads_nobody_elsewhere(tmp_path: Path, status: int, form: str) -> None:
    there, elsewhere = hosts(), Host()
    async with Simulator(elsewhere.application()) as other, listening(there) as urls:
        target = form.format(url=other.url, host=other.url.removeprefix("http://"))
        for host in there.values():
            host.status, host.headers = (
                status,
                {"location": target, "alt-svc": f'h2="{target}"', "refresh": f"0;{target}"},
            )
        results = await scraped(tmp_path, urls)
    assert all(result.error is not None for result in results)
    assert elsewhere.sent == []
    assert held(there)["iam"] == OWN["iam"]
    assert not there["dataarts"].sent  # nobody has logged in


async def test_a_proxy_for_another_scheme_or_host_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, proxy = hosts(), Host()
    async with Simulator(proxy.application()) as other, listening(there) as urls:
        monkeypatch.setenv("https_proxy", other.url)
        monkeypatch.setenv("ftp_proxy", other.url)
        monkeypatch.setenv("http_proxy", other.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await scraped(tmp_path, urls)
    assert proxy.sent == []
    assert held(there) == OWN


MISLEADING = [
    "http://cloud.test@elsewhere.test",
    "http://user:word@cloud.test",
    "http://cloud.test/elsewhere",
    "http://cloud.test?x=elsewhere.test",
    "http://cloud.test#elsewhere",
    "http://cloud.test\\\\@elsewhere.test",
    "ftp://cloud.test",
    "file:///etc/passwd",
    "//cloud.test",
    "cloud.test",
    "http://",
    "http://cloud.test:99999",
    "http://cloud.test elsewhere.test",
    "'http://cloud.test\n'",
    '"http://cloud.test\\r\\nHost: elsewhere"',
]


@pytest.mark.parametrize("endpoint", MISLEADING)
@pytest.mark.parametrize("option", [" endpoint: ${SIMULATED}", "iam_endpoint: ${SIMULATED}"])
def test_an_endpoint_that_might_lead_elsewhere_is_refused(tmp_path: Path, option: str, endpoint: str) -> None:
    text = CONFIG.replace(option, f"{option.partition(':')[0]}: {endpoint}")
    with pytest.raises(ConfigError, match="endpoint"):
        load(planted(tmp_path, text), APIS, ENVIRONMENT | {"SIMULATED": "http://cloud.test"})


@pytest.mark.parametrize(
    "region", ["elsewhere.test/", "cn-north-4.elsewhere", "a@b", "..", "A", "a/../b", "a:1", "%2e"]
)
def test_a_region_is_no_host(tmp_path: Path, region: str) -> None:
    text = CONFIG.replace(" endpoint: ${SIMULATED}", f" region: '{region}'")
    with pytest.raises(ConfigError, match="region"):
        load(planted(tmp_path, text), APIS, ENVIRONMENT | {"SIMULATED": "http://cloud.test"})
