"""Slices to bytes and back, for runners that carry them between processes: the JSON of each record in a frame, no pickle."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pipelines.extraction.beam import Coder, register_coder
from pipelines.extraction.slices import ArticleSlice, Failure, FailureSlice, Placed, RecordSlice, SignalSlice
from schemas.wire import decode_articles, decode_signals, encode

R = TypeVar("R")
S = TypeVar("S", RecordSlice, ArticleSlice, SignalSlice, FailureSlice)

#: Of a record: partition, offset, length of the record, length of its original.
_HEAD = struct.Struct(">IqII")


def _packed(items: Sequence[Placed[R]], as_bytes: Callable[[R], bytes]) -> bytes:
    parts: list[bytes] = []
    for item in items:
        raw = as_bytes(item.record)
        parts += (_HEAD.pack(item.partition, item.offset, len(raw), len(item.original)), raw, item.original)
    return b"".join(parts)


def _unpacked(packed: bytes, of_bytes: Callable[[bytes], R]) -> Iterator[Placed[R]]:
    at = 0
    while at < len(packed):
        partition, offset, length, original_length = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        original = packed[at + length : at + length + original_length]
        yield Placed(partition, offset, of_bytes(packed[at : at + length]), original)
        at += length + original_length


class SliceCoder(Coder[S]):
    """What the coders of all kinds of slices have in common."""

    def is_deterministic(self) -> bool:
        """Equal slices have equal bytes."""
        return True

    def estimate_size(self, value: S) -> int:
        """Return about how many bytes ``value`` is. Beam asks often, and by default would encode it to answer."""
        return sum(len(item.original) + _HEAD.size for item in value.items)


class RecordSliceCoder(SliceCoder[RecordSlice]):
    """Of :class:`RecordSlice`."""

    def encode(self, value: RecordSlice) -> bytes:
        """Return the bytes of ``value``."""
        return _packed(value.items, bytes)

    def decode(self, encoded: bytes) -> RecordSlice:
        """Return the slice in ``encoded``."""
        return RecordSlice(list(_unpacked(encoded, bytes)))


class ArticleSliceCoder(SliceCoder[ArticleSlice]):
    """Of :class:`ArticleSlice`."""

    def encode(self, value: ArticleSlice) -> bytes:
        """Return the bytes of ``value``."""
        return _packed(value.items, encode)

    def decode(self, encoded: bytes) -> ArticleSlice:
        """Return the slice in ``encoded``."""
        return ArticleSlice(list(_unpacked(encoded, decode_articles)))


class SignalSliceCoder(SliceCoder[SignalSlice]):
    """Of :class:`SignalSlice`."""

    def encode(self, value: SignalSlice) -> bytes:
        """Return the bytes of ``value``."""
        return _packed(value.items, encode)

    def decode(self, encoded: bytes) -> SignalSlice:
        """Return the slice in ``encoded``."""
        return SignalSlice(list(_unpacked(encoded, decode_signals)))


class FailureSliceCoder(SliceCoder[FailureSlice]):
    """Of :class:`FailureSlice`; a failure's own JSON carries its original."""

    def encode(self, value: FailureSlice) -> bytes:
        """Return the bytes of ``value``."""
        return _packed([Placed(0, 0, item, b"") for item in value.items], lambda one: one.model_dump_json().encode())

    def decode(self, encoded: bytes) -> FailureSlice:
        """Return the slice in ``encoded``."""
        return FailureSlice([placed.record for placed in _unpacked(encoded, Failure.model_validate_json)])


def register_slice_coders() -> None:
    """Make Beam use these coders; without it slices would travel pickled."""
    register_coder(RecordSlice, RecordSliceCoder)
    register_coder(ArticleSlice, ArticleSliceCoder)
    register_coder(SignalSlice, SignalSliceCoder)
    register_coder(FailureSlice, FailureSliceCoder)
