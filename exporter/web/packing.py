"""Bodies packed with gzip: what is the same as before is not packed again, and no event loop waits for it.

A packed body is one stream of two stretches, of which the first can stand before another second one.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

from exporter.rendering import Body

LEVEL = 6
"""Level 9 takes three times as long for the same size."""
LARGE = 2**16
"""Bytes from which on packing is left to a thread, and what comes of it is kept."""
MOST = 4
"""What is kept: a few scrapers, each in its format, ask for all sources or the same few of them."""
START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952: gzip, deflated, no name, no time, from an unknown system."""
TOP = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of the stream, with checksum and size of all that it and those before it unpack to."""

    deflated: bytes = b""
    checksum: int = 0
    size: int = 0


def stretch(parts: Sequence[bytes], before: Stretch, flush: int) -> Stretch:
    """Deflate the parts without looking back at the stretch before them."""
    content = b"".join(parts)
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Stretch(
        deflated=packer.compress(content) + packer.flush(flush),
        checksum=zlib.crc32(content, before.checksum),
        size=before.size + len(content),
    )


class Packer:
    """Packs bodies, and keeps what a few of the large ones have begun with."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Stretch] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def packed(self, body: Body) -> bytes:
        """Return the body in the form of RFC 1952."""
        jobs = await self._jobs(body)
        rest = await deflated(body.rest, jobs, zlib.Z_FINISH)
        end = rest.checksum.to_bytes(4, "little") + (rest.size % TOP).to_bytes(4, "little")
        return b"".join((START, jobs.deflated, rest.deflated, end))

    async def _jobs(self, body: Body) -> Stretch:
        deflate = partial(deflated, body.jobs, Stretch(), zlib.Z_FULL_FLUSH)
        if size(body.jobs) < LARGE:
            return await deflate()
        # Those who ask for the same at once wait for the first of them.
        async with self._one_at_a_time:
            jobs = self._kept.get(body.key) or await deflate()
            self._kept[body.key] = jobs
            self._kept.move_to_end(body.key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return jobs


async def deflated(parts: Sequence[bytes], before: Stretch, flush: int) -> Stretch:
    """Deflate the parts; where they are large, in a thread."""
    if size(parts) < LARGE:
        return stretch(parts, before, flush)
    return await asyncio.to_thread(stretch, parts, before, flush)


def size(parts: Sequence[bytes]) -> int:
    """Return how many bytes there are."""
    return sum(map(len, parts))
