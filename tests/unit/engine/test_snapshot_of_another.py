"""A snapshot of another engine is refused by its first bytes: what follows may be long, and is never looked at."""

from __future__ import annotations

import io
import zipfile

import pytest

from alerts.engine import ENGINE_VERSION, Engine
from alerts.engine_state import SNAPSHOT_VERSION, restore, snapshot
from alerts.snapshot import beginning, pack
from schemas.errors import BrokenRecordError

_NO_JSON = b'"open":' + b"[" * 1000


def beginning_as(shape: int, engine: str) -> bytes:
    return b'{"snapshot_version":%d,"engine_version":"%s",' % (shape, engine.encode())


@pytest.mark.parametrize(
    ("shape", "engine"), [(SNAPSHOT_VERSION, "5"), (SNAPSHOT_VERSION - 1, ENGINE_VERSION), (2, "1")]
)
def test_it_is_refused_before_anything_else_is_read(shape: int, engine: str) -> None:
    with pytest.raises(BrokenRecordError, match=f"^a snapshot of engine {engine}, shape {shape}$"):
        restore(pack(beginning_as(shape, engine) + _NO_JSON, {}))


def test_one_of_this_engine_is_read_to_its_end() -> None:
    with pytest.raises(BrokenRecordError, match="1 differences"):
        restore(pack(beginning_as(SNAPSHOT_VERSION, ENGINE_VERSION) + _NO_JSON, {}))


def test_every_snapshot_begins_so() -> None:
    begins = beginning_as(SNAPSHOT_VERSION, ENGINE_VERSION)
    assert beginning(snapshot(Engine()), len(begins)) == begins


@pytest.mark.parametrize("document", [b"", b"{}", b'{"engine_version":"6","snapshot_version":6}'])
def test_what_begins_otherwise_is_none(document: bytes) -> None:
    with pytest.raises(BrokenRecordError, match="does not begin as one"):
        restore(pack(document, {}))


def test_neither_is_what_has_no_document() -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for raw in (empty.getvalue(), b"PK", b""):
        with pytest.raises(BrokenRecordError, match="not a snapshot"):
            restore(raw)
