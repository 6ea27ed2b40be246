"""Recognisable secrets of every kind, a configuration that holds them, and a cloud that sends them back."""

import base64
import html
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import bcrypt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.cli.running import config_file

ALIBABA_ID = "LTAI5tPLANTEDxIDxNOxSECRET"
HUAWEI_ID = "HPUAPLANTEDXIDXNOXSECRET"
SECRETS = {
    "a key's secret in the file": "PlantedAlibabaSecret1",
    "a token in the environment": "CAISplantedSecurityToken2//+ab==",
    "a secret key in a file": "plantedhuaweisecretkeyinlowercase3",
    "a secret key in the environment": "PLANTED-HUAWEI-SECRET-4",
    "a token in a file": "ggpPlantedSecurityToken5+/==",
    "a password that looks like words": "planted horse-battery staple 6",
    "a token that the cloud gave": "MIIPlantedSubjectToken7-" + "xyZ9" * 40,
    "a password of the exporter's own pages": "planted-zebra-violin 8",
    "a password for a proxy": "plantedproxypassword9",
}
(FILE, TOKEN, IN_FILE, IN_ENVIRONMENT, TOKEN_FILE, PASSWORD, GIVEN, PAGES, PROXY) = SECRETS.values()
OF_CLOUDS = tuple(kind for kind, secret in SECRETS.items() if secret not in (PAGES, PROXY))
"""What a cloud may have been told, and could send back."""
HASH = bcrypt.hashpw(PAGES.encode(), bcrypt.gensalt(4)).decode()
"""A hash is no secret in the same sense, but lets a weak password be guessed."""

FRAGMENT = 10
"""Characters of a secret that are too many."""

CONFIG = f"""\
defaults: {{timeout: 500ms}}
credentials:
  alibaba:
    cloud: alibaba
    access_key_id: {ALIBABA_ID}
    access_key_secret: {FILE}
    security_token: ${{PLANTED_TOKEN}}
  files:
    cloud: huawei
    access_key: {HUAWEI_ID}A
    secret_key_file: secret-key
    security_token_file: token
  named: {{cloud: huawei, access_key: {HUAWEI_ID}B, secret_key: ${{PLANTED_KEY}}}}
  user:
    cloud: huawei
    username: metrics
    password_file: password
    domain: acme
    iam_endpoint: ${{SIMULATED}}
sources:
  - {{name: pai, api: pai_dataset_jobs, endpoint: ${{SIMULATED}}, credentials: alibaba, datasets: [d-1]}}
  - {{name: octopus, api: octopus_system_jobs, endpoint: ${{SIMULATED}}, credentials: files, project_id: p}}
  - {{name: queue, api: octopus_queuing_jobs, endpoint: ${{SIMULATED}}, credentials: named, project_id: p}}
  - {{name: dataarts, api: dataarts_jobs, endpoint: ${{SIMULATED}}, credentials: user, project_id: p}}
"""
BROKEN = CONFIG.replace(" access_key:", " acess_key:").replace("500ms", "2")
"""The same with mistakes, also next to secrets."""
ENVIRONMENT = {"PLANTED_TOKEN": TOKEN, "PLANTED_KEY": IN_ENVIRONMENT}
CHAINS = """\
credentials:
  alibaba: {cloud: alibaba, chain: environment}
  huawei: {cloud: huawei, chain: environment}
sources:
  - {name: pai, api: pai_dataset_jobs, endpoint: ${SIMULATED}, credentials: alibaba, datasets: [d-1]}
  - {name: octopus, api: octopus_system_jobs, endpoint: ${SIMULATED}, credentials: huawei, project_id: p}
"""
OF_CHAINS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": ALIBABA_ID,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": FILE,
    "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
    "HUAWEICLOUD_SDK_AK": HUAWEI_ID,
    "HUAWEICLOUD_SDK_SK": IN_ENVIRONMENT,
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": TOKEN_FILE,
}
"""What the vendors' own libraries read from the environment."""


PATHS = (
    "/",
    "/config",
    "/metrics",
    "/probe?target=pai",
    "/probe?target=dataarts",
    "/sd",
    "/-/healthy",
    "/-/ready",
    "/nothing",
)
"""The exporter's pages."""


def planted(folder: Path, text: str = CONFIG) -> Path:
    """Write the configuration and the files that it names."""
    for name, secret in {"secret-key": IN_FILE, "token": TOKEN_FILE, "password": PASSWORD}.items():
        (folder / name).write_text(f"{secret}\n")
    return config_file(folder, text)


def found(*texts: str) -> list[str]:
    """Return which secrets show in texts: whole or in part, as they are or as other languages spell them."""
    text = "\n".join(texts)
    return [kind for kind, secret in SECRETS.items() if any(part in text for part in traces(secret))] + (
        ["the hash of a password"] if HASH[10:40] in text else []
    )


def traces(secret: str) -> Iterator[str]:
    """Yield what must not be in any output."""
    for spelled in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)):
        yield from (spelled[start : start + FRAGMENT] for start in range(len(spelled) - FRAGMENT + 1))
    encoded = base64.b64encode(secret.encode()).decode()
    yield encoded[: len(encoded) // 4 * 3]


Shape = Callable[[str], tuple[int, Mapping[str, str], str]]
"""An answer that holds a text: status, headers, body."""

JSON = {"content-type": "application/json"}
SHAPES: Sequence[Shape] = (
    lambda told: (403, JSON, json.dumps({"error_code": "octopus.400003", "error_msg": told})),
    lambda told: (400, JSON, json.dumps({"Code": "SignatureDoesNotMatch", "Message": f"expected {told}"})),
    lambda told: (400, JSON, json.dumps({"code": told, "message": "no"})),
    lambda told: (500, JSON, json.dumps({"error": {"code": 401, "message": told, "title": told}})),
    lambda told: (400, JSON, f'{{"message": "{told}'),
    lambda told: (502, {"content-type": "text/html"}, f"<html><title>{html.escape(told)}</title></html>"),
    lambda told: (400, {"content-type": "text/xml"}, f"<Error><Code>{html.escape(told)}</Code></Error>"),
    lambda told: (400, {"content-type": "text/plain"}, f"{'x' * 150} {told}"),
    lambda told: (400, {"x-request-id": quote(told)}, ""),
    lambda told: (302, {"location": f"https://{quote(told, safe='')}/?token={quote(told)}"}, ""),
    lambda told: (429, {"retry-after": "0", **JSON}, json.dumps({"error_msg": told})),
    lambda told: (200, JSON, json.dumps({"payload": {"list": told, "page_info": {"total": told}}})),
    lambda told: (200, JSON, json.dumps({"total": 1, "jobs": [{"name": told, "createTime": told}]})),
    lambda told: (200, JSON, told),
)
"""Every way in which a server may send back what it was sent, or what it should not know."""


def echoing(kinds: Sequence[str] = OF_CLOUDS) -> Starlette:
    """Return a cloud that gives a token and sends secrets back, each in each shape.

    ``state.left`` is how many it has not sent back yet.
    """
    pairs = [(shape, SECRETS[kind]) for shape in SHAPES for kind in kinds]
    answers = itertools.cycle(pairs)
    tokens = itertools.count()

    async def answer(request: Request) -> Response:
        if request.url.path == "/v3/auth/tokens" and next(tokens) % 2 == 0:
            body = json.dumps({"token": {"expires_at": "2099-01-01T00:00:00.000000Z"}})
            return Response(body, 201, {"x-subject-token": GIVEN, **JSON})
        shape, secret = next(answers)
        app.state.left -= 1
        sent = " ".join(f"{name}: {value}" for name, value in request.headers.items())
        status, headers, body = shape(f"{secret} {sent} {(await request.body()).decode()}")
        return Response(body, status, {name: value[:3_000] for name, value in headers.items()})

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    app.state.left = len(pairs)
    return app
