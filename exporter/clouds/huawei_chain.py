"""Keys by way of Huawei Cloud's own library: OIDC, environment, profile, ECS agency, pod identity.

Only this file knows ``huaweicloudsdkcore``.
"""

import calendar
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from exporter.clouds.providers import Provider, SetUpError, silence, whole
from exporter.credentials import AccessKey, HuaweiChain

NOISY = ("huaweicloudsdkcore", "urllib3.connectionpool")
TIMEOUTS = (5, 10)
"""Seconds to connect to STS or IAM and to wait for an answer; the library's own are one and two minutes."""


def providers(chain: HuaweiChain) -> Sequence[Provider]:
    """Return the providers of a chain in the library's order."""
    from huaweicloudsdkcore.auth import provider as vendor

    silence(*NOISY)
    every = {
        "oidc": vendor.OidcStsCredentialProvider,
        "environment": vendor.EnvCredentialProvider,
        "profile": vendor.ProfileCredentialProvider,
        "metadata": vendor.MetadataCredentialProvider,
        "pod_identity": vendor.PodIdentityCredentialProvider,
    }
    return [
        Provider(name, partial(_fetch, kind.get_basic))
        for name, kind in every.items()
        if chain.chain in ("default", name)
    ]


def _fetch(make: Callable[[], Any]) -> AccessKey:
    """Ask a new provider, which has nothing cached.

    Raises SetUpError where a provider is set up and its login fails: the library itself does not go on to the
    next one then. Unlike it we go on where metadata cannot be reached: pod identity comes after it.
    """
    found = make().get_credentials()
    if not found.ak:
        try:
            _log_in(found)
        except Exception as exc:
            raise SetUpError from exc
    expires_at = found._expired_at if found.sts_accessor else None
    return whole(found.ak, found.sk, found.security_token, expires_at and _in_utc(expires_at))


def _log_in(found: Any) -> None:
    from huaweicloudsdkcore.exceptions.exception_handler import DefaultExceptionHandler
    from huaweicloudsdkcore.http.http_client import HttpClient
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkcore.http.http_handler import HttpHandler

    log = logging.getLogger(NOISY[0])
    http = HttpClient(HttpConfig(timeout=TIMEOUTS), HttpHandler(), DefaultExceptionHandler(), log)
    try:
        found.process_sts(http)
    finally:
        http.close()


def _in_utc(moment: float) -> float:
    """Return the moment that was meant: the library reads times of UTC as if they were local ones."""
    return calendar.timegm(time.localtime(moment))
