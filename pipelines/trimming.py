"""How far a log may be trimmed: below the least of what every reader still needs. Reads positions; trims nothing.

articles      archived, past every consumer group, old enough
signals       archived, old enough, never past the decider's snapshot nor what a rule that takes force after it is warmed on
dead-letters  old enough
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipelines.signal_history import WARM_UP
from schemas.ports.log import Log
from schemas.ports.store import DeciderHead, RuleSet
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS


@dataclass(frozen=True)
class Retention:
    """How old a record is when the log may forget it; ``trim`` False keeps everything."""

    trim: bool = True
    articles: timedelta = timedelta(days=7)
    signals: timedelta = WARM_UP
    dead_letters: timedelta = timedelta(days=30)


def articles_bound(log: Log, partition: int, archived: int, groups: Sequence[str], retention: Retention) -> int:
    """Return the offset below which ``partition`` of ``articles`` is needed by nobody.

    ``archived`` is the offset up to which everything is archived; a group that never committed has consumed nothing.
    """
    start = log.start_offset(ARTICLES, partition)
    consumed = [log.committed(group, ARTICLES).get(partition, start) for group in groups]
    return max(start, min(archived, *consumed, _old(log, ARTICLES, partition, retention.articles)))


def signals_bound(
    log: Log, archived: int, head: DeciderHead | None, retention: Retention, rule_sets: Sequence[RuleSet] = ()
) -> int:
    """Return the offset below which ``signals`` is needed by nobody.

    After a crash the decider goes on from its snapshot, and rules activated later than that are warmed again, on the 35
    days before their own record. None of those records is older than the one at the snapshot, but for that of rules that
    waited to be warmed at the snapshot: they are the newest of ``rule_sets`` read before it, and not in force before it.
    """
    start = log.start_offset(SIGNALS, 0)
    if head is None or head.log_id != log.log_id or not head.snapshot_hash:
        return start
    older = [rule_set for rule_set in rule_sets if rule_set.log_offset < head.snapshot_offset]
    waited = bool(older) and older[-1].deferred and not _in_force_before(older[-1], head.snapshot_offset)
    oldest = older[-1].log_offset if waited else head.snapshot_offset
    records = log.read(SIGNALS, 0, max(start, oldest), max_records=1)
    decided_ms = records[0].append_time_ms if records else log.now_ms()
    warming = log.offset_at(SIGNALS, 0, decided_ms - _ms(WARM_UP))
    return max(start, min(archived, head.snapshot_offset, warming, _old(log, SIGNALS, 0, retention.signals)))


def _in_force_before(rule_set: RuleSet, offset: int) -> bool:
    return rule_set.ready_offset is not None and rule_set.ready_offset < offset


def dead_letters_bound(log: Log, retention: Retention) -> int:
    """Return the offset below which dead letters are old."""
    return _old(log, DEAD_LETTERS, 0, retention.dead_letters)


def _old(log: Log, topic: str, partition: int, age: timedelta) -> int:
    return log.offset_at(topic, partition, log.now_ms() - _ms(age))


def _ms(age: timedelta) -> int:
    return age // timedelta(milliseconds=1)
