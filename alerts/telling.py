"""What is told of a move of a key: the event, not yet linked into the chain of its rule, and the articles that show why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.chain import quantised_expected, quantised_ratio, quantised_score
from alerts.rules.model import Mode
from schemas.alert_event import AlertEvent, Evidence, Window
from schemas.ids import alert_id, hour_of, hour_start
from schemas.reasons import EventKind

if TYPE_CHECKING:
    from alerts.engine import Engine
    from alerts.key_moves import KeyMove
    from alerts.rule_state import RuleState

#: Articles named as evidence of one event.
MAX_EVIDENCE = 30

#: What happens to a crossing that is no alert yet.
NO_ALERT_YET = frozenset({EventKind.PENDING, EventKind.SUBSIDED})

#: Hours within which alerts name changed feeds and extractors.
CHANGES_NAMED_HOURS = 14 * 24


def event_of(
    engine: Engine,
    state: RuleState,
    key_move: KeyMove,
    evidence: Sequence[Evidence],
    *,
    at: datetime | None,
    engine_version: str,
) -> AlertEvent:
    """Return the event of a move of ``state`` in the world of ``engine``, ``at`` a time or now, unlinked: its ``seq`` is 0."""
    move, rule = key_move.move, state.rule
    verdict = move.verdict
    moment = at or engine.now
    assert moment is not None
    window = None
    if verdict.window_h:
        end = hour_start(verdict.hour + 1)
        window = Window(start=hour_start(verdict.hour + 1 - verdict.window_h), end=end, hours=verdict.window_h)
    return AlertEvent(
        alert_id=alert_id(rule.name, key_move.key, hour_start(key_move.crossing))
        if key_move.crossing is not None and move.event not in NO_ALERT_YET
        else "",
        seq=0,
        event=move.event,
        reason=move.reason,
        rule=rule.name,
        key=key_move.key,
        severity=key_move.severity or rule.severity,
        labels=dict(rule.labels),
        at=moment,
        crossing=hour_start(key_move.crossing) if key_move.crossing is not None else None,
        detector=verdict.detector,
        window=window,
        counts=verdict.counts,
        expected=None if verdict.expected is None else quantised_expected(verdict.expected),
        ratio=None if verdict.expected is None else quantised_ratio(verdict.count, verdict.expected),
        score=None if verdict.score is None else quantised_score(verdict.score),
        coverage=round(verdict.coverage, 3),
        learning=key_move.learning and verdict.expected is not None,
        blind_feeds=key_move.blind_feeds or state.blind_feeds,
        feeds_changed=_feeds_changed(engine),
        extractor_versions=tuple(engine.extractors),
        mode="shadow" if rule.mode is Mode.SHADOW else "live",
        rules_hash=engine.rules_hash,
        engine_version=engine_version,
        evidence=tuple(e.evidence_hash() for e in evidence),
        detail="; ".join(filter(None, (verdict.told, move.detail))),
    )


def _feeds_changed(engine: Engine) -> tuple[str, ...]:
    """Return the feeds that changed of late; all of them began in the first hour, which tells nobody anything."""
    coverage = engine.coverage
    first_hour = hour_of(coverage.first_since) if coverage.first_since is not None else 0
    return coverage.changed_since(max((engine.open or 0) - CHANGES_NAMED_HOURS, first_hour + 1))


def evidence_of(engine: Engine, state: RuleState, key_move: KeyMove) -> tuple[Evidence, ...]:
    """Return the articles of the verdict's window: one of each story first, then copies, in order of time."""
    verdict = key_move.move.verdict
    if not key_move.key or not verdict.window_h:
        return ()
    first = verdict.hour - verdict.window_h + 1
    counted = state.tracks[verdict.track].counted(key_move.key, first, verdict.hour)
    leaders = [pair for pair in counted if pair[0] == pair[1]]
    copies = [pair for pair in counted if pair[0] != pair[1]]
    chosen = [pair for pair in [*leaders, *copies] if pair[0] in engine.cards][:MAX_EVIDENCE]
    found = [engine.cards[article].evidence(state.rule.name, key_move.key, story) for article, story in chosen]
    return tuple(sorted(found, key=lambda e: (e.event_time, e.article_id)))
