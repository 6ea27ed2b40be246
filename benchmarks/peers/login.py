"""A token of the simulated IAM, for peers that do not sign."""

import msgspec
import requests

from exporter.simulator import identities

PATH = f"/v1/{identities.DATAARTS_PROJECT}/jobs"


def token(url: str) -> str:
    """Return a token for the project of DataArts."""
    user = identities.DEMO_HUAWEI_USER
    claim = {"name": user.name, "password": user.password, "domain": {"name": user.domain}}
    identity = {"methods": ["password"], "password": {"user": claim}}
    scope = {"project": {"id": identities.DATAARTS_PROJECT}}
    body = msgspec.json.encode({"auth": {"identity": identity, "scope": scope}})
    answer = requests.post(f"{url}/v3/auth/tokens", data=body, timeout=60)
    return answer.headers["X-Subject-Token"]
