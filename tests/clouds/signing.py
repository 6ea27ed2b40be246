"""What the tests of both signers share: keys, requests, and what they are made of."""

from collections.abc import Iterable
from urllib.parse import quote

import httpx
from hypothesis import strategies as st

from exporter.credentials import AccessKey, KeySource, Secret

ODD = "aZ09 -._~*+/%=&?#:@!$'(),;[]{}<>\"\\|^`é日😀\t\x00\x7f"
TEXT = st.text(max_size=4) | st.text(ODD, max_size=6)
SEGMENTS = st.text(ODD, max_size=10).map(
    lambda text: [segment for segment in text.split("/") if segment not in {".", ".."}]
)
TOKENS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=6)
KEYS = st.builds(
    lambda id, secret, token: AccessKey(  # noqa: A006 - the field's name
        id=id, secret=Secret(secret), security_token=None if token is None else Secret(token)
    ),
    id=st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=4),
    secret=TOKENS,
    token=st.none() | TOKENS,
)


def key(id: str, secret: str, token: str | None = None) -> AccessKey:  # noqa: A002 - the field's name
    return AccessKey(id=id, secret=Secret(secret), security_token=None if token is None else Secret(token))


def always(access_key: AccessKey) -> KeySource:
    async def keys() -> AccessKey:
        return access_key

    return keys


def get(host: str, path: str, query: Iterable[tuple[str, str]] = (), scheme: str = "https") -> httpx.Request:
    """Return a GET whose path is already encoded and whose query httpx encodes in its own way."""
    return httpx.Request("GET", f"{scheme}://{host}{path}", params=list(query))


def encoded_path(segments: Iterable[str]) -> str:
    return "/" + "/".join(quote(segment, safe="~") for segment in segments)
