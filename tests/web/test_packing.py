"""Packed bodies: one stream, of which what did not change is packed once."""

import asyncio
import gzip
import zlib
from random import Random

import pytest

from exporter.rendering import Body
from exporter.web.packing import LARGE, MOST, Packer

SIZES = (0, 1, LARGE - 1, LARGE, 5 * LARGE)


def content(size: int, seed: int = 1) -> list[bytes]:
    """Return lines of so many bytes in parts; one that is empty among them."""
    text = "".join(Random(seed).choices("datajobs_{}=\n", k=size)).encode()
    return [text[: size // 3], b"", text[size // 3 :]]


def body(jobs: list[bytes], rest: list[bytes], key: object = "key") -> Body:
    return Body(key=key, jobs=jobs, rest=rest)


@pytest.mark.parametrize("rest", SIZES)
@pytest.mark.parametrize("jobs", SIZES)
async def test_a_body_unpacks_to_what_it_was_by_any_reader(jobs: int, rest: int) -> None:
    whole = body(content(jobs), content(rest, 2))
    packed = await Packer().packed(whole)
    assert gzip.decompress(packed) == whole.whole()
    # Readers like httpx's know one stream and no other after it.
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(packed) == whole.whole()
    assert (reader.eof, reader.unused_data) == (True, b"")


async def test_what_is_told_of_this_scrape_alone_is_packed_anew() -> None:
    packer, jobs = Packer(), content(LARGE)
    for rest in ([b"first\n"], [b"second\n"], [b"", b"third", b"\n"]):
        whole = body(jobs, rest)
        assert gzip.decompress(await packer.packed(whole)) == whole.whole()


FIRST, OTHER = content(LARGE), content(LARGE, 2)


async def test_jobs_are_packed_once_for_a_key() -> None:
    packer = Packer()
    told = [gzip.decompress(await packer.packed(body(jobs, []))) for jobs in (FIRST, OTHER)]
    assert told == [b"".join(FIRST)] * 2


async def test_those_who_ask_at_once_share_the_work_of_the_first() -> None:
    packer = Packer()
    packed = await asyncio.gather(*(packer.packed(body(jobs, [])) for jobs in (FIRST, *[OTHER] * 20)))
    assert {gzip.decompress(one) for one in packed} == {b"".join(FIRST)}


async def test_nothing_small_is_kept() -> None:
    packer = Packer()
    told = [gzip.decompress(await packer.packed(body([jobs], []))) for jobs in (b"one", b"two")]
    assert told == [b"one", b"two"]


async def test_only_what_was_asked_for_last_is_kept() -> None:
    packer = Packer()
    for key in ("key", *range(MOST - 1), "key", "a new one"):
        await packer.packed(body(FIRST, [], key))
    assert gzip.decompress(await packer.packed(body(OTHER, [], "key"))) == b"".join(FIRST)
    assert gzip.decompress(await packer.packed(body(OTHER, [], 0))) == b"".join(OTHER)
