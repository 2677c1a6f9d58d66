"""Runs a timeline test through the real engine and says of each expectation whether it held, and what came nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.engine import Engine
from alerts.rule_state import RuleState
from alerts.rules.model import Rule
from alerts.rules.timeline_model import Expectation, Outcome, Timeline
from alerts.standing import Standing, nearest
from pipelines.rule_tests.stream import start_of, stream_of
from pipelines.rule_tests.subjects import Extract, Names
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind
from schemas.signal import Signal

#: Keys of one rule that are looked at for the nearest miss; a wildcard may have thousands.
_KEYS_LOOKED_AT = 50

#: Windows that end so many hours before the open one may still cross.
_HOURS_BACK = 3

_LOUD = (EventKind.OPENED, EventKind.ESCALATED)


@dataclass(frozen=True)
class Checked:
    """What became of one expectation. ``happened`` are the events of its stretch and rules; ``nearest`` by rule."""

    expectation: Expectation
    held: bool
    happened: tuple[AlertEvent, ...]
    nearest: tuple[tuple[str, Standing], ...] = ()


@dataclass(frozen=True)
class TimelineResult:
    """One test that was run; ``before`` are alerts that the quiet background rang by itself."""

    timeline: Timeline
    checks: tuple[Checked, ...]
    events: tuple[AlertEvent, ...]
    before: tuple[AlertEvent, ...]
    counted: frozenset[str]  # rules that counted anything of what was pushed

    @property
    def passed(self) -> bool:
        """Whether everything that was expected happened."""
        return all(check.held for check in self.checks)


@dataclass
class _Watched:
    """An expectation under way."""

    expectation: Expectation
    nearest: dict[str, Standing] = field(default_factory=dict)

    def look(self, state: RuleState, open_hour: int) -> None:
        key = self.expectation.key
        keys = [key] if key is not None else list(state.keys)[:_KEYS_LOOKED_AT]
        first = max(open_hour - _HOURS_BACK, state.start_hour or open_hour)
        found = nearest(state, keys, first, open_hour)
        before = self.nearest.get(state.rule.name)
        if found is not None and (before is None or found.nearness > before.nearness):
            self.nearest[state.rule.name] = found


def run_timeline(timeline: Timeline, rules: Sequence[Rule], names: Names, extract: Extract) -> TimelineResult:
    """Return what became of ``timeline`` with ``rules``; the same result each time."""
    meant = timeline.rules_meant(tuple(rules))
    start = start_of(timeline)
    watched = [_Watched(step) for step in timeline.steps if isinstance(step, Expectation)]
    engine = Engine()
    events: list[AlertEvent] = []
    counted: set[str] = set()
    for offset, record in enumerate(stream_of(timeline, meant, names, extract)):
        events.extend(decision.event for decision in engine.step(offset, record))
        now = engine.now
        if now is None or now < start or engine.open is None:
            continue
        if isinstance(record, Signal) and (card := engine.cards.get(record.article_id)) is not None:
            counted.update(card.hits)
        minute = (now - start) / timedelta(minutes=1)
        for each in watched:
            expected = each.expectation
            if expected.first <= minute <= expected.last and expected.outcome is Outcome.OPENED:
                name = expected.rule or timeline.rule
                for rule, state in engine.rules.items():
                    if name in (None, rule):
                        each.look(state, engine.open)
    alerts = tuple(event for event in events if event.event in Outcome._value2member_map_)
    return TimelineResult(
        timeline=timeline,
        checks=tuple(_checked(each, timeline, alerts) for each in watched),
        events=tuple(event for event in alerts if event.at >= start),
        before=tuple(event for event in alerts if event.at < start and event.event is EventKind.OPENED),
        counted=frozenset(counted),
    )


def _checked(watched: _Watched, timeline: Timeline, events: Sequence[AlertEvent]) -> Checked:
    expected, start = watched.expectation, start_of(timeline)
    first, last = (start + timedelta(minutes=minute) for minute in (expected.first, expected.last))
    name = expected.rule or timeline.rule
    happened = tuple(
        event
        for event in events
        if first <= event.at <= last
        and name in (None, event.rule)
        and (expected.key is None or event.key == expected.key)
    )
    if expected.outcome is Outcome.QUIET:
        held = not any(event.event in _LOUD for event in happened)
    else:
        held = any(_is_it(event, expected) for event in happened)
    return Checked(expected, held, happened, () if held else tuple(sorted(watched.nearest.items())))


def _is_it(event: AlertEvent, expected: Expectation) -> bool:
    return (
        event.event.value == expected.outcome.value
        and expected.reason in (None, event.reason)
        and expected.severity in (None, event.severity)
    )
