"""What was put aside, and the way back: dead-letters ──▶ letters by id ──replay──▶ their topic, and a copy marked replayed.

Replaying appends the original bytes, so the job that failed reads them again. Ids make a second replay harmless; it is
refused all the same unless it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schemas.clock import Clock
from schemas.dead_letter import DeadLetter
from schemas.errors import BrokenRecordError, UsageError
from schemas.ports.log import Entry, Log
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import decode_dead_letter, encode


class ReplayResult(StrEnum):
    """What became of one letter that was to be replayed."""

    REPLAYED = "replayed"
    BEFORE = "replayed before"
    CUT = "its original was too long to be kept whole"
    NO_PLACE = "there is no such topic or partition now"


@dataclass(frozen=True)
class PutAside:
    """A letter without its original, and where its newest record lies in ``dead-letters``."""

    letter: DeadLetter
    offset: int

    @property
    def replayed(self) -> bool:
        """Whether it was sent back."""
        return self.letter.status == "replayed"


@dataclass(frozen=True)
class Letters:
    """All letters, in the order in which they were first put aside; ``broken`` records of the topic are none."""

    by_id: dict[str, PutAside]
    broken: int = 0

    def open(self) -> list[PutAside]:
        """Return those not replayed."""
        return [one for one in self.by_id.values() if not one.replayed]

    def reasons(self) -> Counter[str]:
        """Return how many are open, by reason."""
        return Counter(one.letter.reason.value for one in self.open())

    def named(self, name: str) -> PutAside:
        """Return the letter whose id begins with ``name``; :raises UsageError: none, or several."""
        found = [one for letter_id, one in self.by_id.items() if letter_id.startswith(name)] if name else []
        if len(found) != 1:
            said = f"{len(found)} dead letters begin so" if found else "no dead letter has that id"
            raise UsageError(f"{name}: {said}", remedy="`tocsin dead-letters list --all` shows the ids")
        return found[0]


def read_letters(log: Log) -> Letters:
    """Return all letters of ``log``. The same letter may lie there twice; once replayed it stays so."""
    by_id: dict[str, PutAside] = {}
    broken = 0
    for offset, raw in _records(log):
        try:
            letter = decode_dead_letter(raw)
        except BrokenRecordError:
            broken += 1
            continue
        before = by_id.get(letter.dead_letter_id)
        if before is None or not before.replayed:
            by_id[letter.dead_letter_id] = PutAside(letter.changed(original=b""), offset)
    return Letters(by_id, broken)


def whole_letter(log: Log, aside: PutAside) -> DeadLetter:
    """Return ``aside`` with its original; :raises UsageError: it was trimmed meanwhile."""
    records = log.read(DEAD_LETTERS, 0, aside.offset, max_records=1)
    if not records or records[0].offset != aside.offset:
        raise UsageError(
            f"dead letter {aside.letter.dead_letter_id} is gone", remedy="`tocsin dead-letters list` again"
        )
    return decode_dead_letter(records[0].value)


def replay(log: Log, clock: Clock, asides: Sequence[PutAside], *, again: bool = False) -> list[ReplayResult]:
    """Send the originals of ``asides`` back to where they came from; return what became of each.

    An original is durable in its topic before its letter is marked; a crash between leaves it open, to be replayed again.
    """
    return [_replay(log, clock, aside, again=again) for aside in asides]


def _replay(log: Log, clock: Clock, aside: PutAside, *, again: bool) -> ReplayResult:
    if aside.replayed and not again:
        return ReplayResult.BEFORE
    letter = whole_letter(log, aside)
    if letter.original_bytes > len(letter.original):
        return ReplayResult.CUT
    if letter.topic not in (ARTICLES, SIGNALS) or not 0 <= letter.partition < log.partitions(letter.topic):
        return ReplayResult.NO_PLACE
    key = (letter.article_id or "").encode()
    log.append(letter.topic, [Entry(letter.partition, letter.original, key)])
    log.append(DEAD_LETTERS, [Entry(0, encode(letter.changed(status="replayed", recorded_at=clock.now())))])
    return ReplayResult.REPLAYED


def _records(log: Log) -> Iterator[tuple[int, bytes]]:
    offset = log.start_offset(DEAD_LETTERS, 0)
    while records := log.read(DEAD_LETTERS, 0, offset, max_records=500):
        for record in records:
            yield record.offset, record.value
        offset = records[-1].offset + 1
