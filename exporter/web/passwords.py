"""Passwords against hashes of bcrypt, off the event loop and once for each that is right."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping

import bcrypt

from exporter.credentials import Secret

LONGEST = 72
"""Bytes of a password that bcrypt looks at; what hashed it has left out the rest as well."""
MOST = 100
"""Right passwords that are remembered; Prometheus servers are few."""


class Passwords:
    """Tells right passwords from wrong ones, in the same time whether there is such a user or not.

    What was right once is known by a digest under a key of this process, so that a scrape costs no bcrypt.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes()
        self._right: dict[bytes, None] = {}
        # A round keeps a processor busy: many wrong passwords at once must not keep all of them.
        self._one_at_a_time = asyncio.Lock()

    async def right(self, users: Mapping[str, Secret], name: str, password: bytes) -> bool:
        """Tell whether there is a user of that name with that password."""
        known = users.get(name)
        hashed = (known or self._stand_in(users, name)).reveal().encode()
        digest = self._digest(name.encode(), hashed, password)
        if known is not None and digest in self._right:
            return True
        async with self._one_at_a_time:
            if known is not None and digest in self._right:
                return True
            fits = await asyncio.to_thread(bcrypt.checkpw, password[:LONGEST], hashed)
        if known is None or not fits:
            return False
        self._right[digest] = None
        while len(self._right) > MOST:
            del self._right[next(iter(self._right))]
        return True

    def _stand_in(self, users: Mapping[str, Secret], name: str) -> Secret:
        """Return some user's hash, the same each time: the time it takes must not tell who exists."""
        place = int.from_bytes(self._digest(name.encode())) % len(users)
        return list(users.values())[place]

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key)
        for part in parts:
            digest.update(len(part).to_bytes(8))
            digest.update(part)
        return digest.digest()
