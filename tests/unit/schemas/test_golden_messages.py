"""Each message in schemas/examples is read, and written again as it is; every kind of record of every topic has one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from schemas.dead_letter import DeadLetter
from schemas.errors import BrokenRecordError
from schemas.model import Record
from schemas.topics import ALL_TOPICS, ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import (
    ArticlesRecord,
    ReadCount,
    SignalsRecord,
    decode_articles,
    decode_dead_letter,
    decode_signals,
    encode,
)

EXAMPLES = Path(__file__).resolve().parents[3] / "schemas" / "examples"
FILES = sorted(EXAMPLES.glob("*/v*/*.json"))

DECODERS: dict[str, Callable[[bytes, ReadCount | None], Record]] = {
    ARTICLES: decode_articles,
    SIGNALS: decode_signals,
    DEAD_LETTERS: decode_dead_letter,
}
KINDS: dict[str, tuple[type[Record], ...]] = {
    ARTICLES: get_args(ArticlesRecord),
    SIGNALS: get_args(SignalsRecord),
    DEAD_LETTERS: (DeadLetter,),
}

each = pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.relative_to(EXAMPLES).parts))


def decode(path: Path, raw: bytes, count: ReadCount | None = None) -> Record:
    return DECODERS[path.parts[-3]](raw, count)


@each
def test_it_is_read_and_written_again_as_it_is(path: Path) -> None:
    raw, count = path.read_bytes(), ReadCount()
    record = decode(path, raw, count)
    assert (count.records, count.with_unknown_fields) == (1, 0)
    assert json.dumps(json.loads(encode(record))) == json.dumps(json.loads(raw)), "the same fields in the same order"
    assert decode(path, encode(record)) == record
    assert f"v{record.schema_version}" == path.parts[-2]


@each
def test_unknown_fields_are_forgiven_and_counted_and_newer_versions_are_not(path: Path) -> None:
    values, count = json.loads(path.read_bytes()), ReadCount()
    assert decode(path, json.dumps(values | {"mood": "blue"}).encode(), count) == decode(path, path.read_bytes())
    assert count.with_unknown_fields == 1
    newer = type(decode(path, path.read_bytes())).CURRENT_VERSION + 1
    with pytest.raises(BrokenRecordError, match="upgrade this process"):
        decode(path, json.dumps(values | {"schema_version": newer}).encode())
    with pytest.raises(BrokenRecordError):
        decode(path, json.dumps(values | {"kind": "song"}).encode())


@pytest.mark.parametrize("topic", ALL_TOPICS)
def test_every_kind_of_record_of_a_topic_has_a_message(topic: str) -> None:
    shown = {type(decode(path, path.read_bytes())) for path in FILES if path.parts[-3] == topic}
    assert shown == set(KINDS[topic])
