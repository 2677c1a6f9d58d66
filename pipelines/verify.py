"""Checks a ledger against the log: every event is decided again from the signals and compared byte by byte.

    signals ──▶ a fresh engine ──▶ events ══ same bytes? ══ rows stored ──▶ hashes, chains, evidence, digest

It writes nothing. What it compares with is computed from the log, never read from the ledger. Only where the log was
trimmed, and its archive does not reach back to the first record, it starts from the engine's snapshot, and says of how
many events that leaves the hashes and chains alone. What the store keeps of what stands is compared with its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alerts.engine import Engine
from alerts.inheritance import Inheritance
from pipelines.ledger_rows import check_chains, check_evidence, check_rows, check_standings, event_row
from pipelines.ledger_segments import Segment, segments_of
from pipelines.recovery import from_snapshot
from pipelines.signal_history import WholeLog, read_range
from pipelines.stepping import Begin, Stepping
from schemas.alert_event import ChainHead, ledger_digest
from schemas.ports.store import DeciderHead, Store, StoredEvent
from schemas.topics import SIGNALS

#: Differences told at most; the first is what matters.
MAX_DIFFERENCES = 20

Progress = Callable[[int, int], None]


@dataclass
class Verification:
    """The result: ``differences`` is empty where everything holds.

    ``recomputed`` events came out of the log again; ``not_recomputed`` ones are of this engine, but the log that gave
    them was trimmed below ``first_offset``.
    """

    events: int = 0
    recomputed: int = 0
    not_recomputed: int = 0
    records: int = 0
    first_offset: int = 0
    digest: str = ""
    recomputed_digest: str = ""
    other_segments: list[str] = field(default_factory=list)
    erased_evidence: int = 0
    differences: list[str] = field(default_factory=list)
    more_differences: int = 0

    @property
    def ok(self) -> bool:
        """Whether the ledger is what the log says."""
        return not self.differences

    def differ(self, text: str) -> None:
        """Note a difference."""
        if len(self.differences) < MAX_DIFFERENCES:
            self.differences.append(text)
        else:
            self.more_differences += 1


def _no_progress(done: int, total: int) -> None:
    """Tell nobody."""


def verify(
    log: WholeLog, store: Store, *, snapshots: Path | None = None, progress: Progress = _no_progress
) -> Verification:
    """Decide the log again and compare; ``progress`` is told records done and in all.

    :param snapshots: where the decider's snapshots lie; needed only where the log was trimmed.
    :raises FatalError: the log itself is damaged.
    """
    result = Verification()
    standings = store.stored_standings()  # before the rows, so that it is never ahead of them
    rows = list(store.stored_events())
    result.events = len(rows)
    check_rows(rows, result.differ)
    result.digest = ledger_digest(list(check_chains(rows, store.chain_heads(), result.differ).values()))
    result.erased_evidence = check_evidence(rows, store, result.differ)
    check_standings(rows, standings, result.differ)
    head = store.decider_head()
    if head is None:
        if rows:
            result.differ("the ledger holds events but no position in the log")
        return result
    if head.events != len(rows):
        result.differ(f"the ledger holds {len(rows)} events, its head says {head.events}")
    if _is_of(head, log, result):
        _decide_and_compare(log, rows, head, snapshots, result, progress)
    return result


def _is_of(head: DeciderHead, log: WholeLog, result: Verification) -> bool:
    """Check that the log is the one of the ledger and holds what it stands on."""
    if head.log_id != log.log_id:
        result.differ(f"the ledger belongs to log {head.log_id}, the log that is open is {log.log_id}")
        return False
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    if not start <= head.next_offset <= end:
        result.differ(f"the ledger stands at offset {head.next_offset} of signals, but the log holds {start} to {end}")
        return False
    return True


def _decide_and_compare(
    log: WholeLog,
    rows: Sequence[StoredEvent],
    head: DeciderHead,
    snapshots: Path | None,
    result: Verification,
    progress: Progress,
) -> None:
    start = log.start_offset(SIGNALS, 0)
    begin: Begin | None = Engine
    first = 0
    if start > 0:
        begin = from_snapshot(snapshots, head) if snapshots is not None else None
        first = head.snapshot_offset if begin is not None else head.next_offset
        if first < start:
            begin, first = None, head.next_offset
    result.first_offset = first
    segments, result.other_segments = segments_of(rows, head, first)
    result.not_recomputed = sum(segment.before for segment in segments)
    if begin is None:
        return
    stepping = Stepping(log, begin, first)
    if start > 0 and segments and dict(stepping.engine.chains.heads) != segments[-1].chains:
        result.differ(f"the chains before offset {first} are not those that the snapshot of that offset knows")
    heads: dict[str, ChainHead] = {}
    computed: list[list[StoredEvent]] = [[] for _ in segments]
    for number, row in _decided_again(log, stepping, first, head.next_offset, segments, result, progress):
        computed[number].append(row)
    for segment, again in zip(segments, computed, strict=True):
        _compare(again, segment.rows, result)
        heads = {**segment.chains, **{row.rule: row.chain_head() for row in again}}
        result.recomputed += len(again)
    result.recomputed_digest = ledger_digest(list(heads.values()))


def _decided_again(
    log: WholeLog,
    stepping: Stepping,
    first: int,
    before: int,
    segments: Sequence[Segment],
    result: Verification,
    progress: Progress,
) -> Iterator[tuple[int, StoredEvent]]:
    """Yield the rows that the log gives, each with the number of its segment; events of other engines' are skipped."""
    begun = -1
    for record in read_range(log, first, before):
        result.records += 1
        if result.records % 1000 == 0:
            progress(result.records, before - first)
        while begun + 1 < len(segments) and record.offset >= segments[begun + 1].first_offset:
            begun += 1
            stepping.adopt(Inheritance(segments[begun].chains, segments[begun].open_alerts), record.offset)
        for decision in stepping.step_again(record):
            if begun >= 0 and record.offset < segments[begun].before_offset:
                yield begun, event_row(decision.event, record.offset)
    progress(before - first, before - first)


def _compare(again: Sequence[StoredEvent], stored: Sequence[StoredEvent], result: Verification) -> None:
    """Compare by rule and number in its chain, so that one event too few or too many is told as that; then the order."""
    kept = {(row.rule, row.seq): row for row in stored}
    given = {(row.rule, row.seq): row for row in again}
    for place, row in given.items():
        if place not in kept:
            result.differ(f"{row.name} is missing from the ledger: the log gives it at offset {row.log_offset}")
            continue
        names = [n for n in StoredEvent.model_fields if n != "position" and getattr(row, n) != getattr(kept[place], n)]
        if names:
            result.differ(
                f"event {kept[place].position}, {row.name}, is not what the log gives at offset {row.log_offset}:"
                f" {', '.join(names)} differ"
            )
    for place, row in kept.items():
        if place not in given:
            result.differ(f"event {row.position}, {row.name}, is in the ledger, but the log does not give it")
    if kept.keys() == given.keys() and list(kept) != list(given):
        result.differ("the events are those that the log gives, but in another order")
