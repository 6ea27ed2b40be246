"""How a text may come back from a server: as it is, escaped, or in base64 or hexadecimal. Pure."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

_URL_SAFE = str.maketrans("+/", "-_")


def spellings(text: str) -> set[str]:
    """Return the text as it is, and as URLs, JSON, HTML, programs, base64 and hexadecimal spell it.

    Of base64 that is what stands wherever the text is in what was encoded, as a password is in
    ``user:password``: all but a first and a last character that it shares with its neighbours.
    """
    return {
        text,
        quote(text, safe="", errors="replace"),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        text.encode("unicode_escape").decode("ascii"),
        *(spelled for encoded in _encodings(text) for spelled in _of_bytes(encoded)),
    }


def _encodings(text: str) -> Iterator[bytes]:
    yield text.encode(errors="replace")
    if not text.isascii():
        yield text.encode("latin-1", errors="replace")


def _of_bytes(encoded: bytes) -> Iterator[str]:
    yield encoded.hex()
    yield encoded.hex().upper()
    for before in range(3):
        bits = 8 * before
        whole = base64.b64encode(bytes(before) + encoded).decode("ascii")
        own = whole[-(-bits // 6) : (bits + 8 * len(encoded)) // 6]
        yield own
        yield own.translate(_URL_SAFE)
