"""Foreign text made fit for a log line: one line, bounded, and without secrets that a server sends back.

Alibaba Cloud answers a bad signature with the text that it expected to be signed, security token included;
gateways and proxies may echo whole headers. The id of an access key is no secret and stays.
"""

import re

from exporter.credentials import MASK as MASK  # shown in foreign texts and in ours alike
from exporter.credentials import without_secrets

_REST_OF_TEXT = re.compile(r"((?:authorization|cookie)[\\\"']{0,4}\s?[:=]).*", re.IGNORECASE)
"""Their values are divided by blanks and commas, so that no end can be told."""

_NAMED = re.compile(
    r"((?:password|passwd|pwd|secret|(?:security|session|auth|subject|access|(?<![a-z])id)[-_ ]?token)"
    r"(?:[-_ ]?(?:key|value|text))?[\\\"']{0,4}\s?[:=]\s?)"
    r"""(?:"(?:[^"\\]|\\.)*"?|\\"[^"]*"?|'[^']*'?|[^\s,;&"'\\]+)""",
    re.IGNORECASE,
)
"""Names whose value is a secret whatever it looks like."""

_NAMED_AND_LONG = re.compile(
    r"((?:token|signature|bearer|basic)[\\\"']{0,4}\s?[:= ]\s?[\\\"']{0,4})[^\s\"',;&\\]{16,}", re.IGNORECASE
)
"""Words of plain sentences too ("token: not valid"), so that only a long value is one."""

_RUN = re.compile(r"[A-Za-z0-9+/=_%*-]{28,}")
_LONG = 100
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{40}")
_MIXED = (re.compile(r"[A-Z]"), re.compile(r"[a-z]"), re.compile(r"[0-9]"))


def one_line(text: str) -> str:
    """Return ``text`` with control characters, line ends and runs of blanks folded to single blanks."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def masked(text: str) -> str:
    """Return ``text``, already on one line, without anything that looks like a secret."""
    text = _REST_OF_TEXT.sub(rf"\1 {MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _NAMED_AND_LONG.sub(rf"\1{MASK}", text)
    return _RUN.sub(_mask_run, text)


def _mask_run(run: re.Match[str]) -> str:
    """Mask hashes and what mixes cases and digits; project ids, request ids and paths stay."""
    text = run.group()
    is_mixed = all(kind.search(text) for kind in _MIXED)
    return MASK if is_mixed or len(text) >= _LONG or _HEXADECIMAL.search(text) else text


def presentable(text: str, limit: int) -> str:
    """Return ``text`` on one line, masked, and only then cut to ``limit`` characters.

    What we know to be secret is masked whatever it looks like.
    """
    text = masked(one_line(without_secrets(text)))
    return text if len(text) <= limit else text[: limit - 1] + "…"
