"""The largest documents that are read, and what is larger or packed otherwise, at the real limit: over HTTP and in the worker."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import lzma
import resource
import zlib
from collections.abc import Callable

import pytest

from connectors.feeds.fetch import FetchLimits
from connectors.feeds.parsing import FeedParser, NotAFeedError
from connectors.feeds.settings import FeedSettings
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import START, CountedParser, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss
from tests.pipeline.polling.test_hostile_servers import serving

LIMIT = 15_000_000
NEWS = rss([Item("a", "Bridge opened", START)]).encode()
#: Patience of machines that are busy; what is measured is memory and what is said.
PATIENT = FetchLimits(total_s=3_600.0, connect_s=3_600.0, silence_s=3_600.0)


def padded(size: int) -> bytes:
    """Return a feed of ``size`` bytes."""
    return NEWS + b" " * (size - len(NEWS))


def raw_deflate(body: bytes) -> bytes:
    """Return what some servers send as deflate: without the frame that HTTP wants around it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", bytes),
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
}


def poll_once(desks: DeskMaker, encoding: str, body: bytes, check: Callable[[Desk, int], None]) -> int:
    """Serve ``body`` and poll it; return by how many kilobytes this process has grown at most."""
    grown_kb = 0

    async def talk(writer: asyncio.StreamWriter) -> None:
        told = f"Content-Encoding: {encoding}\r\n" if encoding else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{told}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()

    async def go(desk: Desk) -> None:
        nonlocal grown_kb
        async with serving(talk) as (port, _), FeedParser(cpu_s=600.0, wall_s=3_600.0) as parser:
            desk.parser = CountedParser(parser)
            desk.feeds.append(FeedSettings(id="large", url=f"http://127.0.0.1:{port}/rss"))
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            written = await desk.poll()
            grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
            check(desk, written)

    desks.run(go, limits=PATIENT)
    return grown_kb


def is_read(desk: Desk, written: int) -> None:
    assert (written, desk.row("large").last_error) == (1, "")


def is_too_large(desk: Desk, written: int) -> None:
    assert (written, desk.row("large").state) == (0, FeedState.FAILING)
    assert "has more than 15,000,000 bytes" in desk.row("large").last_error


def test_the_limit_is_that_of_the_settings_that_nobody_changes() -> None:
    assert FetchLimits().max_body_bytes == PATIENT.max_body_bytes == LIMIT


@pytest.mark.parametrize("packing", PACKERS)
def test_a_document_of_the_largest_size_is_read_and_one_byte_more_is_not(desks: DeskMaker, packing: str) -> None:
    encoding, pack = PACKERS[packing]
    poll_once(desks, encoding, pack(padded(LIMIT)), is_read)
    poll_once(desks, encoding, pack(padded(LIMIT + 1)), is_too_large)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw deflate", "gzip of many parts"])
def test_a_bomb_is_refused_before_it_is_unpacked(desks: DeskMaker, packing: str) -> None:
    """Half a gigabyte, or fifteen, of nothing."""
    if packing == "gzip of many parts":
        encoding, bomb = "gzip", gzip.compress(b" " * LIMIT) * 1_000
    else:
        encoding, pack = PACKERS[packing]
        bomb = pack(padded(500_000_000))
    assert poll_once(desks, encoding, bomb, is_too_large) < 96_000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate, gzip", "gzip, deflate", "br", "zstd"])
def test_what_is_told_to_be_packed_twice_or_in_a_way_that_was_not_asked_for_is_no_feed(
    desks: DeskMaker, encoding: str
) -> None:
    body = padded(LIMIT)
    for name in reversed(encoding.split(", ")):
        body = PACKERS[name][1](body) if name in PACKERS else body

    def is_refused(desk: Desk, written: int) -> None:
        assert (written, desk.row("large").state) == (0, FeedState.FAILING)
        assert desk.row("large").last_error

    assert poll_once(desks, encoding, body, is_refused) < 96_000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=lambda pack: pack.__module__)
def test_what_is_packed_within_is_not_unpacked(desks: DeskMaker, pack: Callable[[bytes], bytes]) -> None:
    def is_refused(desk: Desk, written: int) -> None:
        assert (written, desk.row("large").state) == (0, FeedState.FAILING)
        assert "compressed data inside" in desk.row("large").last_error

    poll_once(desks, "gzip", gzip.compress(pack(padded(LIMIT))), is_refused)


def test_the_worker_reads_the_largest_document_and_ends_with_one_that_costs_too_much(runner: asyncio.Runner) -> None:
    """Of the largest size: nested five million deep, and of half a million entries without anything in them."""
    share = (LIMIT - len(NEWS)) // 7
    nested = NEWS.replace(b"<item>", b"<a>" * share + b"</a>" * share + b"<item>")
    many = NEWS.replace(b"<item>", b"<item><title>n</title></item>" * ((LIMIT - len(NEWS)) // 29) + b"<item>")

    async def go() -> None:
        async with FeedParser(cpu_s=600.0, wall_s=3_600.0) as patient, FeedParser(cpu_s=1.0, wall_s=3_600.0) as parser:
            assert len((await patient.parse("large", padded(LIMIT), url="")).entries) == 1
            for costly in (nested, many):
                assert LIMIT - 100 < len(costly) <= LIMIT
                with pytest.raises(NotAFeedError, match="over 1 s of CPU"):
                    await parser.parse("costly", costly, url="")
            assert len((await parser.parse("small", NEWS, url="")).entries) == 1

    runner.run(go())
