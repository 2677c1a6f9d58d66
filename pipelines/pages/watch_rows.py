"""Every key of every rule as one row: its state, its last two days hour by hour, how near it is to ringing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.engine import Engine
from alerts.explanation.names import ActorNames, key_name
from alerts.rule_state import RuleState
from alerts.rules.model import Mode, Rule
from alerts.standing import Need, Standing, standings
from pipelines.pages.ledger_view import AlertLife, LedgerReading
from pipelines.pages.live_view import LiveView
from schemas.ids import hour_of, hour_start
from schemas.reasons import EventKind, Severity

#: Hours of a sparkline.
SPARK_HOURS = 48


class KeyState(StrEnum):
    """Where a key stands, the most urgent first."""

    FIRING = "firing"
    BLIND = "blind"  # an alert of it, or its rule, sees less than half of what it should
    PENDING = "pending"  # it crosses, and must last before it rings
    NEAR = "near"  # lacks one condition, and has at least half of it
    COOLING = "resting"  # an alert ended a short while ago; what crosses now opens none before it has rested
    LEARNING = "learning"  # normal is not yet known
    QUIET = "quiet"


_ORDER = {state: place for place, state in enumerate(KeyState)}


@dataclass(frozen=True)
class WatchRow:
    """One key. ``nearest`` is the window nearest to ringing, ``share`` how much of it there is, 0 to 1."""

    rule: str
    key: str
    name: str
    severity: Severity
    shadow: bool
    state: KeyState
    alert_id: str
    nearest: Standing | None
    share: float
    spark: tuple[int, ...]
    last_seen: datetime | None

    @property
    def is_still(self) -> bool:
        """Whether two days brought nothing to the key, and it neither rings nor waits nor is blind."""
        return self.state in (KeyState.QUIET, KeyState.LEARNING) and not any(self.spark)

    @property
    def sort_key(self) -> tuple[int, float, int, str, str]:
        """Return what puts the row a person must see first, first."""
        return _ORDER[self.state], -self.share, -sum(self.spark), self.rule, self.key


@dataclass(frozen=True)
class RuleSummary:
    """One rule: how many keys it has and in which state, and its rows nearest to ringing first."""

    rule: Rule
    keys: int
    learning: bool
    started: datetime | None
    states: Mapping[KeyState, int]


def rule_summaries(engine: Engine, rows: Sequence[WatchRow]) -> list[RuleSummary]:
    """Return one summary a rule, by name."""
    found = []
    for name in sorted(engine.rules):
        state = engine.rules[name]
        mine = [row.state for row in rows if row.rule == name]
        learning = engine.open is None or (state.learning(engine.open) and _expects(state))
        started = hour_start(state.start_hour) if state.start_hour is not None else None
        counts = {kind: mine.count(kind) for kind in KeyState if kind in mine}
        found.append(RuleSummary(state.rule, len(state.keys), learning, started, counts))
    return found


def watch_rows(view: LiveView, ledger: LedgerReading, names: ActorNames) -> list[WatchRow]:
    """Return every key, what a person must see first, first."""
    engine = view.engine
    if engine is None or engine.open is None:
        return []
    firing = {(life.first.rule, life.first.key): life for life in ledger.open_alerts()}
    blind_rules = {event.rule for event in ledger.blind if not event.alert_id}
    blind_keys = {(event.rule, event.key) for event in ledger.blind if event.alert_id}
    resting = _resting(engine, ledger)
    pending = {(event.rule, event.key) for event in ledger.pending}
    rows = []
    for name, state in engine.rules.items():
        if state.start_hour is None:
            continue
        alive = {
            key for track in state.tracks for h in range(engine.open - 1, engine.open + 1) for key in track.alive(h)
        }
        for key in state.keys:
            place = (name, key)
            nearest = nearest_standing(state, key, engine.open) if key in alive else None
            found = _state_of(
                state,
                engine.open,
                nearest,
                firing=place in firing,
                blind=name in blind_rules or place in blind_keys,
                resting=place in resting,
                pending=place in pending,
            )
            life = firing.get(place)
            rows.append(_row(view, state, key, found, life, nearest, names))
    return sorted(rows, key=lambda row: row.sort_key)


def nearest_standing(state: RuleState, key: str, open_hour: int) -> Standing | None:
    """Return the window nearest to ringing of those that end now or with the hour before."""
    every = [
        s for hour in (open_hour, open_hour - 1) if hour >= (state.start_hour or 0) for s in standings(state, key, hour)
    ]
    return max(every, key=lambda s: (s.nearness, s.verdict.hour), default=None)


def share_of(standing: Standing | None) -> float:
    """Return how much of all that is needed there is, 0 to 1; nothing counted is 0."""
    if standing is None or not standing.verdict.counts.articles:
        return 0.0
    needed = [c for c in standing.conditions if c.need is not Need.ARTICLES]
    return sum(c.share for c in needed) / len(needed) if needed else 1.0


def _state_of(
    state: RuleState,
    open_hour: int,
    nearest: Standing | None,
    *,
    firing: bool,
    blind: bool,
    resting: bool,
    pending: bool,
) -> KeyState:
    if firing:
        return KeyState.FIRING
    if blind:
        return KeyState.BLIND
    if resting:
        return KeyState.COOLING
    if pending:
        return KeyState.PENDING
    if nearest is not None and _is_near(nearest):
        return KeyState.NEAR
    if state.learning(open_hour) and _expects(state):
        return KeyState.LEARNING
    return KeyState.QUIET


def _is_near(standing: Standing) -> bool:
    missing = standing.missing
    return standing.verdict.counts.articles > 0 and len(missing) <= 1 and all(c.share >= 0.5 for c in missing)


def _expects(state: RuleState) -> bool:
    """Tell whether a detector of the rule has a normal to learn."""
    return any(detector.kind not in ("threshold", "new") for detector in state.rule.when)


def _resting(engine: Engine, ledger: LedgerReading) -> set[tuple[str, str]]:
    """Return the keys whose last alert ended less than its cool-down ago."""
    assert engine.open is not None
    found = set()
    for life in ledger.alerts.values():
        state = engine.rules.get(life.first.rule)
        if life.last.event is not EventKind.RESOLVED or state is None:
            continue
        longest = max(detector.cooldown_h for detector in state.rule.when)
        if hour_of(life.last.at) + longest > engine.open:
            found.add((life.first.rule, life.first.key))
    return found


def _row(
    view: LiveView,
    state: RuleState,
    key: str,
    found: KeyState,
    life: AlertLife | None,
    nearest: Standing | None,
    names: ActorNames,
) -> WatchRow:
    assert view.engine is not None
    assert view.engine.open is not None
    rule = state.rule
    hours = view.hours(rule.name, key, 0, view.engine.open - SPARK_HOURS + 1, view.engine.open)
    counted = [hour.hour for hour in hours if hour.count]
    return WatchRow(
        rule=rule.name,
        key=key,
        name=key_name(rule.name, key, names),
        severity=rule.severity,
        shadow=rule.mode is Mode.SHADOW,
        state=found,
        alert_id=life.id if life is not None else "",
        nearest=nearest,
        share=1.0 if found is KeyState.FIRING else share_of(nearest),
        spark=tuple(hour.count for hour in hours),
        last_seen=hour_start(counted[-1]) if counted else None,
    )
