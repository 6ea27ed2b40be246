"""The environment of a machine in a cloud, whose every way out is a proxy on loopback."""

import importlib
import os
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.credentials.places import Places, serving
from tests.sockets import Authority

Environment = Callable[..., None]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Iterator[Places]:
    """All places; until the test is over neither library can reach anything else."""
    for name in list(os.environ):
        if name.startswith(("ALIBABA_CLOUD_", "HUAWEICLOUD_", "HC_CONTAINER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    @cache
    def tls(host: str) -> ssl.SSLContext:
        return authority.context(host)

    with serving(tls) as served:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, served.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        # The library of Alibaba Cloud lets requests take the authorities of certifi and no others.
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority.file))
        yield served
    forget_connections()


@pytest.fixture
def environment(places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """Sets variables, as they would be at the start of the process."""
    from alibabacloud_credentials.utils import auth_constant, auth_util

    def read_again() -> None:
        importlib.reload(auth_util)  # the library reads the environment when it is imported
        importlib.reload(auth_constant)

    def set_variables(**variables: str | Path) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        read_again()

    set_variables()
    yield set_variables
    monkeypatch.undo()
    read_again()


def forget_connections() -> None:
    """Close the connections that the library of Alibaba Cloud keeps for the whole process."""
    from Tea.core import TeaCore

    for session in TeaCore._sessions.values():
        session.close()
    TeaCore._sessions.clear()
