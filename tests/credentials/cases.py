"""Each provider of both libraries: how a machine is set up for it, and which keys it then has."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporter.credentials import AccessKey, AlibabaChain, HuaweiChain, Secret
from exporter.simulator.identities import DemoKey
from tests.credentials import places as at
from tests.credentials.conftest import Environment
from tests.credentials.places import Issuer, Places

Chained = AlibabaChain | HuaweiChain
LIFE = 600.0
"""Seconds; so short that the libraries, whose clocks cannot be turned, do not keep a key for themselves."""

ENDLESS = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the exporter runs: its variables, its files, and the places around it."""

    set: Environment
    places: Places
    folder: Path

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One provider; ``set_up`` makes the machine such that it gives the issuer's keys."""

    chain: Chained
    set_up: Callable[[Machine, Issuer], None]
    temporary: bool = True
    asks_first: int = 1
    """How many keys it takes to give the first."""

    def __str__(self) -> str:
        return f"{self.chain.cloud}-{self.chain.chain}"


def key(number: int, *, life: float = LIFE, token: bool = True) -> DemoKey:
    """Return one of many keys, which ends so many seconds from now."""
    return DemoKey(
        id=f"STS.planted{number}",
        secret=f"PlantedSecretNumber{number}",
        security_token=f"PlantedSecurityTokenNumber{number}==" if token else None,
        expires=time.time() + life,
    )


def as_read(given: DemoKey) -> AccessKey:
    """Return the key as the exporter should have it: the clouds tell whole seconds."""
    return AccessKey(
        id=given.id,
        secret=Secret(given.secret),
        security_token=Secret(given.security_token) if given.security_token else None,
        expires_at=None if given.expires == ENDLESS else float(int(given.expires)),
    )


def alibaba_environment(machine: Machine, issuer: Issuer) -> None:
    given = issuer.next()
    machine.set(
        ALIBABA_CLOUD_ACCESS_KEY_ID=given.id,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET=given.secret,
        ALIBABA_CLOUD_SECURITY_TOKEN=given.security_token or "",
    )


def alibaba_oidc(machine: Machine, issuer: Issuer) -> None:
    token = machine.file("alibaba-id-token", "PlantedIdTokenOfThePod")
    machine.places.replies |= at.alibaba_sts(issuer, token.read_text)
    machine.set(
        ALIBABA_CLOUD_ROLE_ARN="acs:ram::1:role/metrics",
        ALIBABA_CLOUD_OIDC_PROVIDER_ARN="acs:ram::1:oidc-provider/ack",
        ALIBABA_CLOUD_OIDC_TOKEN_FILE=token,
    )


def alibaba_cli_profile(machine: Machine, issuer: Issuer) -> None:
    given = issuer.next()
    profile = {
        "name": "metrics",
        "mode": "StsToken",
        "access_key_id": given.id,
        "access_key_secret": given.secret,
        "sts_token": given.security_token,
    }
    machine.file(".aliyun/config.json", json.dumps({"current": "metrics", "profiles": [profile]}))
    machine.set()


def alibaba_profile(machine: Machine, issuer: Issuer) -> None:
    """A profile that names a role leads to temporary keys."""
    token = machine.file("alibaba-id-token", "PlantedIdTokenOfThePod")
    machine.places.replies |= at.alibaba_sts(issuer, token.read_text)
    lines = [
        "[default]",
        "type = oidc_role_arn",
        "role_arn = acs:ram::1:role/metrics",
        "oidc_provider_arn = acs:ram::1:oidc-provider/ack",
        f"oidc_token_file_path = {token}",
    ]
    machine.file(".alibabacloud/credentials.ini", "\n".join(lines))
    machine.set()


def alibaba_metadata(machine: Machine, issuer: Issuer) -> None:
    machine.places.replies |= at.alibaba_metadata(issuer)
    machine.set()


def alibaba_uri(machine: Machine, issuer: Issuer) -> None:
    machine.places.replies |= at.alibaba_uri(issuer)
    machine.set(
        ALIBABA_CLOUD_CREDENTIALS_URI="http://keys.example/alibaba?secret=PlantedInTheQuery",
        ALIBABA_CLOUD_ECS_METADATA_DISABLED="true",
    )


def huawei_oidc(machine: Machine, issuer: Issuer) -> None:
    token = machine.file("huawei-id-token", "PlantedIdTokenOfThePod")
    machine.places.replies |= at.huawei_sts(issuer, token.read_text)
    machine.set(
        HUAWEICLOUD_OIDC_PROVIDER_URN="iam::1:oidc-provider:cce",
        HUAWEICLOUD_OIDC_AGENCY_URN="iam::1:agency:metrics",
        HUAWEICLOUD_OIDC_TOKEN_FILE=token,
        HUAWEICLOUD_SDK_STS_ENDPOINT="http://sts.example",
    )


def huawei_environment(machine: Machine, issuer: Issuer) -> None:
    given = issuer.next()
    machine.set(
        HUAWEICLOUD_SDK_AK=given.id,
        HUAWEICLOUD_SDK_SK=given.secret,
        HUAWEICLOUD_SDK_SECURITY_TOKEN=given.security_token or "",
    )


def huawei_profile(machine: Machine, issuer: Issuer) -> None:
    given = issuer.next()
    lines = [
        "[basic]",
        f"ak = {given.id}",
        f"sk = {given.secret}",
        f"security_token = {given.security_token}",
    ]
    machine.file(".huaweicloud/credentials", "\n".join(lines))
    machine.set()


def huawei_metadata(machine: Machine, issuer: Issuer) -> None:
    machine.places.replies |= at.huawei_metadata(issuer)
    machine.set()


def huawei_pod_identity(machine: Machine, issuer: Issuer) -> None:
    token = machine.file("huawei-pod-token", "PlantedIdTokenOfThePod")
    machine.places.replies |= at.huawei_pod(issuer, token.read_text)
    machine.set(
        HC_CONTAINER_CREDENTIALS_FULL_URI="http://pod.example/v1/credentials?secret=PlantedInTheQuery",
        HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=token,
    )


CASES = [
    Case(chain=AlibabaChain(chain="environment"), set_up=alibaba_environment, temporary=False),
    Case(chain=AlibabaChain(chain="oidc"), set_up=alibaba_oidc),
    Case(chain=AlibabaChain(chain="cli_profile"), set_up=alibaba_cli_profile, temporary=False),
    Case(chain=AlibabaChain(chain="profile"), set_up=alibaba_profile, asks_first=2),
    Case(chain=AlibabaChain(chain="metadata"), set_up=alibaba_metadata),
    Case(chain=AlibabaChain(chain="uri"), set_up=alibaba_uri),
    Case(chain=HuaweiChain(chain="oidc"), set_up=huawei_oidc),
    Case(chain=HuaweiChain(chain="environment"), set_up=huawei_environment, temporary=False),
    Case(chain=HuaweiChain(chain="profile"), set_up=huawei_profile, temporary=False),
    Case(chain=HuaweiChain(chain="metadata"), set_up=huawei_metadata),
    Case(chain=HuaweiChain(chain="pod_identity"), set_up=huawei_pod_identity),
]
TEMPORARY = [case for case in CASES if case.temporary]
"""Those whose keys come over the network and end."""
