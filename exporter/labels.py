"""What a cloud says, as the value of a label. Pure."""

import re
from hashlib import blake2b

LONGEST = 200
"""Characters of a label's value that a cloud has chosen."""
MARK = "~"
OTHER = "other"
"""The value of labels that do not tell apart what they stand for: there was too much of it."""
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, ends of lines, and halves of pairs that no UTF-8 has."""


def label(text: str) -> str:
    """Return a text as a label's value: one line of UTF-8, at most ``LONGEST`` characters.

    One that had to be changed ends in a digest, so that two texts never become the same value.
    """
    fit = UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:LONGEST])
    if fit == text:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{fit[: LONGEST - len(digest) - len(MARK)]}{MARK}{digest}"
