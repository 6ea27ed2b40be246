"""Which cloud a source talks to: how to sign in there, and how to read its errors."""

from collections.abc import Callable

from exporter.clouds import alibaba_errors, huawei_errors
from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.chains import chain_keys
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.credentials import (
    AlibabaChain,
    AlibabaKeys,
    Credentials,
    HuaweiChain,
    HuaweiKeys,
    HuaweiPassword,
    KeySource,
    huawei_password,
    key_source,
)

Auth = AlibabaAuth | HuaweiKeyAuth | HuaweiTokenAuth

EXPLAIN = {"alibaba": alibaba_errors.explain, "huawei": huawei_errors.explain}
"""A cloud's reading of an answer that is not a page, by its name."""


def auth_of(
    credentials: Credentials,
    *,
    project_id: str | None,
    region: str | None,
    chain_keys: Callable[[AlibabaChain | HuaweiChain], KeySource] = chain_keys,
) -> Auth:
    """Return what signs the requests of a source; ``project_id`` is Huawei Cloud's scope.

    ``chain_keys`` may give the same keys to all that use one chain.
    """
    match credentials:
        case AlibabaKeys():
            return AlibabaAuth(key_source(credentials))
        case AlibabaChain():
            return AlibabaAuth(chain_keys(credentials))
        case HuaweiKeys():
            return HuaweiKeyAuth(key_source(credentials), project_id)
        case HuaweiChain():
            return HuaweiKeyAuth(chain_keys(credentials), project_id)
        case HuaweiPassword():
            login = PasswordLogin(
                username=credentials.username,
                domain=credentials.domain,
                password=huawei_password(credentials),
            )
            return HuaweiTokenAuth(login, credentials.iam_endpoint or iam_endpoint(region), project_id or "")


def iam_endpoint(region: str | None) -> str:
    """Return the address of a region's IAM, or of the global one."""
    return f"https://iam.{region}.myhuaweicloud.com" if region else "https://iam.myhuaweicloud.com"
