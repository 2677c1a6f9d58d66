"""Brings the engine back to where the ledger stands, and proves it on the way; writes nothing.

snapshot file ──▶ engine ──step again──▶ events ══ same as committed? ══▶ go on    (else stop)
no snapshot: the same from the first record of the log, which therefore must not have been trimmed
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alerts.engine import ENGINE_VERSION, Engine
from alerts.engine_state import restore
from alerts.inheritance import Inheritance, open_after
from pipelines.signal_history import read_range
from pipelines.snapshots import read_snapshot, snapshot_path
from pipelines.stepping import Begin, Stepping, begun_with
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.errors import (
    BrokenRecordError,
    FatalError,
    ForeignLogError,
    OffsetOutOfRangeError,
    RecoveryMismatchError,
)
from schemas.ports.log import Log
from schemas.ports.store import DeciderHead, RuleSet, Store
from schemas.topics import SIGNALS

logger = logging.getLogger(__name__)

_RESTORE = "bring back the log, the store and the snapshots from one backup; nothing was written"


@dataclass(frozen=True)
class Recovered:
    """An engine that has taken in everything before ``offset``.

    ``begins`` is True where a ledger or a segment of it begins in the midst of a log: what the engine knows can then not
    be had from the log alone, so its snapshot has to be committed before the first event.
    """

    stepping: Stepping
    head: DeciderHead | None
    offset: int
    records: int
    begins: bool

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.stepping.engine


def recover(log: Log, store: Store, snapshots: Path) -> Recovered:
    """Rebuild the engine from snapshot and log, and compare what it decides with the ledger.

    :raises ForeignLogError: the ledger belongs to another log.
    :raises OffsetOutOfRangeError: the log lost what the ledger stands on.
    :raises RecoveryMismatchError: deciding again gave other events than the ledger holds.
    :raises FatalError: the log was trimmed and the snapshot is lost, so that what was known cannot be known again.
    """
    head = store.decider_head()
    start = log.start_offset(SIGNALS, 0)
    if head is None:
        return Recovered(Stepping(log, Engine, start), None, start, 0, begins=start > 0)
    _check_log(log, head, start)
    if head.engine_version != ENGINE_VERSION:
        return _begin_segment(log, store, head, start)
    begin = from_snapshot(snapshots, head)
    first = head.snapshot_offset if begin is not None else 0
    if first < start:
        raise _unknowable(snapshots, head, start, lost=begin is None)
    if begin is None and head.snapshot_hash:
        logger.warning("the snapshot of offset %d is lost: deciding the log again", head.snapshot_offset)
    stepping = Stepping(log, begin or Engine, first)
    count = _step_again(log, store, stepping, first, head.next_offset)
    return Recovered(stepping, head, head.next_offset, count, begins=False)


def from_snapshot(folder: Path, head: DeciderHead) -> Begin | None:
    """Return what makes the engine of the snapshot that ``head`` names, each time a new one; None as :func:`load_snapshot`."""
    made = load_snapshot(folder, head)
    if made is None:
        return None
    return begun_with(made, from_snapshot_file(folder, head))


def from_snapshot_file(folder: Path, head: DeciderHead) -> Begin:
    """Return what makes the engine of the snapshot that ``head`` names, read when it is called for.

    It raises FatalError where the file cannot be read then.
    """

    def begin() -> Engine:
        engine = load_snapshot(folder, head)
        if engine is None:
            path = snapshot_path(folder, head.snapshot_offset, head.snapshot_hash)
            raise FatalError(f"the snapshot {path} is gone while it is needed", remedy="start again")
        return engine

    return begin


def load_snapshot(folder: Path, head: DeciderHead) -> Engine | None:
    """Return the engine of the snapshot that ``head`` names; None: none is named, or it is missing, damaged, of another shape."""
    if not head.snapshot_hash or head.engine_version != ENGINE_VERSION:
        return None
    state = read_snapshot(folder, head.snapshot_offset, head.snapshot_hash)
    if state is None:
        return None
    try:
        return restore(state)
    except BrokenRecordError as error:
        logger.warning("the snapshot of offset %d cannot be used: %s", head.snapshot_offset, error)
        return None


def _check_log(log: Log, head: DeciderHead, start: int) -> None:
    if head.log_id != log.log_id:
        raise ForeignLogError(
            f"the ledger was decided from log {head.log_id}, but the log that is open is {log.log_id}",
            remedy="open the log it belongs to, bring both back with `tocsin restore`, or move the store and the snapshots"
            " away: the ledger then begins anew with this log",
        )
    end = log.end_offset(SIGNALS, 0)
    if not start <= head.next_offset <= end:
        raise OffsetOutOfRangeError(
            f"the ledger stands at offset {head.next_offset} of signals, but the log holds {start} to {end}",
            remedy=f"the log lost records the ledger stands on: {_RESTORE}",
        )


def _unknowable(snapshots: Path, head: DeciderHead, start: int, *, lost: bool) -> FatalError:
    if not head.snapshot_hash:
        why = "there is no snapshot"
    elif lost:
        path = snapshot_path(snapshots, head.snapshot_offset, head.snapshot_hash)
        why = f"the snapshot {path} is missing, damaged or of another version"
    else:
        why = f"the newest snapshot is of offset {head.snapshot_offset}"
    return FatalError(
        f"what the engine knew at offset {head.next_offset} of signals cannot be computed again:"
        f" the log was trimmed below offset {start}, and {why}",
        remedy=_RESTORE,
    )


def _step_again(log: Log, store: Store, stepping: Stepping, first: int, before: int) -> int:
    """Step ``first`` up to ``before`` again and compare event by event; return how many records that were.

    Events that another engine version wrote are not compared; ours begin in their chains after the last of them.
    """
    rows = list(store.events_with_provenance(first_offset=first))
    foreign = max(
        (n for n, (event, _) in enumerate(rows, start=1) if event.engine_version != ENGINE_VERSION), default=0
    )
    ours = rows[foreign:]
    segment = first
    if foreign:
        segment = ours[0][1].log_offset if ours else before
    chains = {row.rule: row.chain_head() for row in islice(store.stored_events(), foreign)}
    ledger = Inheritance(chains, open_after(event for event, _ in rows[:foreign]) if first == 0 else None)
    again: list[AlertEvent] = []
    count = 0
    for record in read_range(log, first, before):
        count += 1
        if chains and record.offset >= segment:
            stepping.adopt(ledger, record.offset)
            chains = {}
        decided = stepping.step_again(record)
        if record.offset >= segment:
            again.extend(decision.event for decision in decided)
    if chains:
        stepping.adopt(ledger, before)
    _compare(again, [event for event, _ in ours], first)
    return count


def _compare(again: list[AlertEvent], committed: list[AlertEvent], first: int) -> None:
    remedy = "run `tocsin verify`; nothing was written"
    for number, (mine, stored) in enumerate(zip(again, committed, strict=False), start=1):
        if mine != stored:
            raise RecoveryMismatchError(
                f"event {number} after offset {first} is {mine.rule} #{mine.seq} {mine.event.value} when decided again,"
                f" and {stored.rule} #{stored.seq} {stored.event.value} in the ledger",
                remedy=remedy,
            )
    if len(again) != len(committed):
        raise RecoveryMismatchError(
            f"deciding again from offset {first} gave {len(again)} events, the ledger holds {len(committed)}",
            remedy=remedy,
        )


def _begin_segment(log: Log, store: Store, head: DeciderHead, start: int) -> Recovered:
    """Let this engine learn what is left of the log; it goes on in the chains that the other one wrote."""
    logger.warning(
        "the ledger was written by engine %s, this is %s: a new segment starts at offset %d",
        head.engine_version,
        ENGINE_VERSION,
        head.next_offset,
    )
    before = _rules_before(store, start)

    def begin() -> Engine:
        engine = Engine()
        for offset, activation in before:
            engine.step(offset, activation)
        return engine

    stepping = Stepping(log, begin, start)
    count = 0
    for record in read_range(log, start, head.next_offset):
        count += 1
        stepping.step_again(record)
    stepping.adopt(Inheritance(store.chain_heads(), open_after(store.events())), head.next_offset)
    return Recovered(stepping, head, head.next_offset, count, begins=True)


def _rules_before(store: Store, start: int) -> list[tuple[int, RulesActivated]]:
    """Return the rules in force at ``start``, below which the log has forgotten them, and those that waited to be warmed."""
    older = [rule_set for rule_set in store.rule_sets() if rule_set.log_offset < start]
    in_force = [one for one in older if one.in_force and one.since_offset < start]
    found = [(start - 1, _activation(in_force[-1], deferred=False))] if in_force else []
    if older and older[-1] not in in_force:
        found.append((older[-1].log_offset, _activation(older[-1], deferred=True)))
    return found


def _activation(rule_set: RuleSet, *, deferred: bool) -> RulesActivated:
    return RulesActivated(
        rules_hash=rule_set.rules_hash,
        text=rule_set.text,
        compiled=rule_set.compiled,
        activated_at=rule_set.activated_at,
        author=rule_set.author,
        comment=rule_set.comment,
        deferred=deferred,
    )
