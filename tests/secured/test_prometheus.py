"""Prometheus scrapes over TLS with a password and a client certificate, or is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.commands.simulate import CONFIG
from tests.cli.running import NAMES, config_file, running
from tests.e2e.watching import Watcher, eventually, prometheus, with_defaults
from tests.sockets import Authority
from tests.web.webfiles import HASH as HASHED
from tests.web.webfiles import PASSWORD, tls, written

USER = "prometheus"
QUICK = {"scrape_interval": "2s", "scrape_timeout": "2s"}
REFUSED = {
    "without a certificate": "tls: certificate required",
    "of another authority": "tls: unknown certificate authority",
    "of another name": "EOF|connection reset by peer",
    "with a wrong password": "server returned HTTP status 401 Unauthorized",
    "without a password": "server returned HTTP status 401 Unauthorized",
    "over plain HTTP": "server returned HTTP status 400 Bad Request",
    "trusting another authority": "certificate signed by unknown authority",
}
"""What Prometheus says of each scrape that is refused, as a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """An exporter that lets few in, and what they need."""

    address: str
    authority: Authority
    client: Path
    stranger: Authority
    file: Path

    def job(self, name: str, **changes: object) -> dict[str, object]:
        """Return a job that is let in, but for the changes; None takes something out."""
        certificate = str(self.client)
        trust = {"ca_file": str(self.authority.file), "cert_file": certificate, "key_file": certificate}
        job = {
            "job_name": name,
            **QUICK,
            "scheme": "https",
            "tls_config": trust,
            "basic_auth": {"username": USER, "password": PASSWORD},
            "static_configs": [{"targets": [self.address]}],
            **changes,
        }
        return {key: value for key, value in job.items() if value is not None}


@pytest.fixture(scope="module")
def clouds() -> Iterator[str]:
    """The address of simulated clouds."""
    with running("simulate", "--listen", "127.0.0.1:0", "--jobs", "30") as simulated:
        yield simulated.out.wait_for("simulated clouds on ").split()[3]
        assert simulated.end() == 0


@pytest.fixture(scope="module")
def secured(clouds: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The exporter on the simulated clouds, behind TLS, certificates and a password."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder)
    web = written(
        folder,
        tls_server_config=tls(
            authority.issue("127.0.0.1"),
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file=str(authority.file),
            client_allowed_sans=["prometheus.example.com"],
        ),
        basic_auth_users={USER: HASHED},
        http_server_config={"headers": {"X-Content-Type-Options": "nosniff"}},
    )
    config = config_file(folder, with_defaults(CONFIG, requests_per_second=10_000))
    options = ("--web.listen-address=127.0.0.1:0", "--web.config.file", web)
    with running("--config.file", config, *options, SIMULATED=clouds) as command:
        url = command.err.wait_for("listens on https://").split("https://")[1]
        yield Secured(
            address=url.removesuffix('/metrics"'),
            authority=authority,
            client=authority.issue("prometheus.example.com"),
            stranger=Authority(folder, "stranger"),
            file=web,
        )
        assert command.end() == 0


@pytest.fixture(scope="module")
def watcher(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    """Prometheus with a job that is let in, one that finds its targets so, and those that are refused."""
    good = secured.job("whole")
    trust, password = good["tls_config"], good["basic_auth"]
    found = {"url": f"https://{secured.address}/sd", "tls_config": trust, "basic_auth": password}
    other = str(secured.authority.issue("another.example.com"))
    stranger = str(secured.stranger.issue("prometheus.example.com"))
    ca = {"ca_file": str(secured.authority.file)}
    jobs = [
        good,
        # Without a scheme of its own: the discovered targets say it.
        secured.job("probed", scheme=None, static_configs=None, http_sd_configs=[found]),
        secured.job("without a certificate", tls_config=ca),
        secured.job("of another authority", tls_config={**ca, "cert_file": stranger, "key_file": stranger}),
        secured.job("of another name", tls_config={**ca, "cert_file": other, "key_file": other}),
        secured.job("with a wrong password", basic_auth={"username": USER, "password": "wrong"}),
        secured.job("without a password", basic_auth=None),
        secured.job("over plain HTTP", scheme="http", tls_config=None),
        secured.job("trusting another authority", tls_config={"ca_file": str(secured.stranger.file)}),
    ]
    with prometheus(tmp_path_factory.mktemp("prometheus"), jobs) as watcher:
        yield watcher


def ups(watcher: Watcher, job: str) -> list[float]:
    """Return ``up`` of each target of a job."""
    return [value for _, value in watcher.query(f'up{{job="{job}"}}')]


def test_it_scrapes_with_a_password_and_a_certificate(watcher: Watcher) -> None:
    expression = 'datajobs_source_success{job="whole"}'
    good = eventually(lambda: watcher.query(expression), lambda found: sum(v for _, v in found) == len(NAMES))
    assert {labels["source"]: value for labels, value in good} == dict.fromkeys(NAMES, 1.0)
    assert ups(watcher, "whole") == [1.0]


def test_it_scrapes_what_it_discovers_over_tls(watcher: Watcher) -> None:
    good = [1.0] * len(NAMES)
    assert eventually(lambda: ups(watcher, "probed"), lambda found: found == good) == good


@pytest.mark.parametrize("job", REFUSED)
def test_it_is_refused_and_says_why(watcher: Watcher, job: str) -> None:
    def errors() -> list[str]:
        return [target["lastError"] for target in watcher.targets() if target["scrapePool"] == job]

    [error] = eventually(errors, all)
    assert re.search(REFUSED[job], error)
    assert eventually(lambda: ups(watcher, job), bool) == [0.0]
    assert watcher.query(f'datajobs_source_success{{job="{job}"}}') == []
