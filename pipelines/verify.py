"""Checks a ledger against the log: every event is decided again from the signals and compared byte by byte.

    signals ──▶ a fresh engine ──▶ events ══ same? ══ events stored ──▶ chain hashes, evidence hashes, digest

It writes nothing. What it compares with is recomputed from the log, never read from the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from alerts.engine import ENGINE_VERSION, Engine
from pipelines.signal_history import history_before, read_range
from schemas.alert_event import AlertEvent, ChainHead, Decision, ledger_digest
from schemas.errors import BrokenRecordError
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

#: Differences told at most; the first is what matters.
MAX_DIFFERENCES = 20


@dataclass
class Verification:
    """The result: ``differences`` is empty where everything holds."""

    events: int = 0
    records: int = 0
    first_offset: int = 0
    digest: str = ""
    recomputed_digest: str = ""
    other_segments: list[str] = field(default_factory=list)
    erased_evidence: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the ledger is what the log says."""
        return not self.differences

    def differ(self, text: str) -> None:
        """Note a difference."""
        if len(self.differences) < MAX_DIFFERENCES:
            self.differences.append(text)


def verify(log: Log, store: Store, progress: Callable[[int, int], None] = lambda done, total: None) -> Verification:
    """Decide the whole log again and compare; ``progress`` is told records done and in all."""
    result = Verification()
    stored = list(store.events())
    result.events = len(stored)
    _check_chains(stored, store, result)
    _check_evidence(stored, store, result)
    head = store.decider_head()
    result.first_offset = log.start_offset(SIGNALS, 0)
    if head is None:
        if stored:
            result.differ("the ledger holds events but no position in the log")
        return result
    if head.log_id != log.log_id:
        result.differ(f"the ledger belongs to log {head.log_id}, the log that is open is {log.log_id}")
        return result
    again = list(_decide_again(log, result, head.next_offset, progress))
    mine = [decision.event for decision in again]
    of_this_engine = [event for event in stored if event.engine_version == ENGINE_VERSION]
    result.other_segments = sorted({e.engine_version for e in stored} - {ENGINE_VERSION})
    _compare(mine, of_this_engine, result)
    heads = {event.rule: ChainHead.after(event) for event in mine}
    result.recomputed_digest = ledger_digest(list(heads.values()))
    return result


def _decide_again(
    log: Log, result: Verification, before: int, progress: Callable[[int, int], None]
) -> Iterator[Decision]:
    engine = Engine()
    total = before - result.first_offset
    for record in read_range(log, result.first_offset, before):
        result.records += 1
        if result.records % 1000 == 0:
            progress(result.records, total)
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        yield from engine.step(record.offset, decoded, history_before(log, record))
    progress(total, total)


def _compare(mine: list[AlertEvent], stored: list[AlertEvent], result: Verification) -> None:
    for position, (computed, kept) in enumerate(zip(mine, stored, strict=False), start=1):
        if computed != kept:
            names = [n for n in AlertEvent.model_fields if getattr(computed, n) != getattr(kept, n)]
            result.differ(
                f"event {position} ({kept.rule} #{kept.seq} {kept.event.value}): {', '.join(names)} differ from what the"
                f" log gives (stored {getattr(kept, names[0])!r}, from the log {getattr(computed, names[0])!r})"
            )
    if len(mine) != len(stored):
        result.differ(f"the ledger holds {len(stored)} events, the log gives {len(mine)}")


def _check_chains(stored: list[AlertEvent], store: Store, result: Verification) -> None:
    heads: dict[str, ChainHead] = {}
    for event in stored:
        before = heads.get(event.rule)
        expected_seq, expected_hash = (before.seq + 1, before.hash) if before else (1, "")
        if (event.seq, event.previous) != (expected_seq, expected_hash):
            result.differ(f"{event.rule} #{event.seq} does not continue the chain after #{expected_seq - 1}")
        heads[event.rule] = ChainHead.after(event)
    kept = store.chain_heads()
    for rule, head in heads.items():
        if kept.get(rule) != head:
            result.differ(f"the stored head of {rule} is not the hash of its last event")
    result.digest = ledger_digest(list(heads.values()))


def _check_evidence(stored: list[AlertEvent], store: Store, result: Verification) -> None:
    for event in stored:
        found = store.evidence(event.evidence)
        result.erased_evidence += len(set(event.evidence)) - len(found)
        for name, evidence in found.items():
            if evidence.evidence_hash() != name:
                result.differ(f"evidence {name} of {event.rule} #{event.seq} is not what rang: its text was changed")
