"""Why a rule rang, or did not, at a moment: every link of the chain, recomputed from the log; deliveries from the store.

log ──engine again──▶ state at the moment ─┐
log ──signals of those hours──▶ fates ─────┴──▶ links, the first broken one named
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerts.engine import Engine
from alerts.rule_state import RuleState
from alerts.rules.model import Mode, Rule, RuleSet
from alerts.rules.one_key import with_one_key
from alerts.rules.shortfall import NameOf
from alerts.standing import HourCount, Standing, hour_counts, nearest, standings
from pipelines.explaining.article_links import article_links
from pipelines.explaining.decision_links import decision_links
from pipelines.explaining.delivery_links import delivery_links
from pipelines.explaining.engine_then import EngineThen, Progress, engine_then, no_progress
from pipelines.explaining.fates import Fate, fates_of
from pipelines.explaining.ledger_span import events_between
from pipelines.explaining.links import Chain, Checked, Link, State, chain_of
from pipelines.rule_history import Activation, rule_history
from pipelines.signal_history import WARM_UP
from schemas.errors import UsageError
from schemas.ids import hour_start
from schemas.plain_text import plural
from schemas.ports.log import Log
from schemas.ports.store import Store

#: Hours beside the longest window in which an article may still arrive for it.
_LATE_H = 26

#: Keys of a wildcard that are looked through for the one nearest to ringing.
_KEYS_LOOKED_AT = 2_000


@dataclass(frozen=True)
class Why:
    """The answer. ``windows`` are those that end at the moment; ``hours`` by detector, where it counts by the hour."""

    rule: str
    key: str
    moment: datetime
    engine_time: datetime | None
    chain: Chain
    windows: tuple[Standing, ...] = ()
    hours: tuple[tuple[str, tuple[HourCount, ...]], ...] = ()
    fates: tuple[Fate, ...] = ()
    alert_id: str = ""
    other_keys: int = 0  # among which the key was chosen as the nearest to ringing


def longest_window_h(rule: Rule) -> int:
    """Return the hours of the longest window of the rule's detectors."""
    found = [24]
    for detector in rule.when:
        values: dict[str, object] = dict(detector)
        confirm = values.get("confirm")
        for value in (values.get("window_h"), values.get("within_h"), getattr(confirm, "within_h", None)):
            found.extend([value] if isinstance(value, int) else [])
        windows = values.get("windows_h")
        found.extend(windows if isinstance(windows, tuple) else ())
    return max(found)


def why(
    log: Log,
    store: Store,
    snapshots: Path | None,
    name: str,
    moment: datetime,
    *,
    key: str | None = None,
    name_of: NameOf = str,
    progress: Progress = no_progress,
) -> Why:
    """Return why the rule called ``name`` rang or did not ring on ``key`` (None: the one nearest to it) at ``moment``.

    :raises UsageError: no rule of that name was ever in force.
    :raises FatalError: the log does not reach back so far, nor does a snapshot.
    """
    past = rule_history(log, store)
    rule = _rule_then(past, name, moment)
    if rule is None:
        return Why(name, key or "", moment, None, chain_of([_not_in_force(past, name, moment)]))
    window_h = longest_window_h(rule)
    since = moment - timedelta(hours=window_h + _LATE_H)
    then = engine_then(log, store, snapshots, moment, since, progress, shorten=True)
    engine = then.engine
    state = engine.rules.get(name)
    if state is None or engine.open is None or state.start_hour is None:
        return Why(name, key or "", moment, engine.now, chain_of(list(_not_started(then, state))))
    hours = range(engine.open - window_h + 1, engine.open + 1)
    fates = fates_of(state, engine, then.signals, hours, name_of, key)
    chosen = key if key is not None else _nearest_key(state, engine.open) or _commonest_key(fates)
    of_key = [fate for fate in fates if not fate.matches or not chosen or chosen in fate.keys]
    links = [Checked(Link.RULE, State.HOLDS, _in_force_words(state, engine))]
    looked_for = rule if key is None else with_one_key(rule, key)
    links.extend(article_links(log, then, looked_for, of_key, hours, name_of))
    # Where stepping began in the midst, the life before it is in the ledger, which is what the log gave.
    since = moment - WARM_UP
    events = then.events if then.whole else list(events_between(store, since, moment, rule=name))
    events = [event for event in events if event.at >= since]
    decided = decision_links(then, state, chosen, events)
    links.extend(decided.links)
    if decided.alert_id:
        links.extend(delivery_links(store, decided.alert_id, rule.mode))
    tracks = zip(state.tracks, rule.when, strict=True)
    return Why(
        rule=name,
        key=chosen,
        moment=moment,
        engine_time=engine.now,
        chain=chain_of(links),
        windows=tuple(standings(state, chosen, engine.open)),
        hours=tuple((d.kind, tuple(hour_counts(t, chosen, engine.open - 35, engine.open))) for t, d in tracks),
        fates=tuple(sorted(of_key, key=_by_nearness, reverse=True)),
        alert_id=decided.alert_id,
        other_keys=max(0, len(state.keys) - 1) if key is None else 0,
    )


def _by_nearness(fate: Fate) -> tuple[bool, bool, int, datetime]:
    return fate.fell_at is None, fate.matches, fate.depth, fate.signal.event_time


def _nearest_key(state: RuleState, open_hour: int) -> str:
    first = max(open_hour - 3, state.start_hour or open_hour)
    firing = [key for key, life in state.lives.items() if life.firing]
    found = nearest(state, firing or list(state.keys)[:_KEYS_LOOKED_AT], first, open_hour)
    return found.key if found is not None else ""


def _commonest_key(fates: Sequence[Fate]) -> str:
    """Return the key most articles are about, although none was counted."""
    found = Counter(key for fate in fates for key in fate.keys)
    return min(found, key=lambda key: (-found[key], key), default="")


def _rule_then(past: Sequence[Activation], name: str, moment: datetime) -> Rule | None:
    """Return the rule as it was in force at ``moment``; None where it was not."""
    before = _in_force_by(past, moment)
    if not before:
        return None
    rules = RuleSet.from_compiled(before[-1].rule_set.compiled).rules
    return next((rule for rule in rules if rule.name == name and rule.mode is not Mode.OFF), None)


def _in_force_by(past: Sequence[Activation], moment: datetime) -> list[Activation]:
    return [a for a in past if a.rule_set.in_force and a.rule_set.since <= moment]


def _not_in_force(past: Sequence[Activation], name: str, moment: datetime) -> Checked:
    having = [a for a in past if f'"name":"{name}"' in a.rule_set.compiled]
    if not having:
        raise UsageError(f"no rule called {name!r} was ever in force", remedy="`tocsin rules history` lists them")
    before = _in_force_by(past, moment)
    if before and before[-1] in having:
        return Checked(Link.RULE, State.BROKEN, "the rule was off then (mode: off)")
    text = "the rule was not in force then"
    held = next((a for a in reversed(before) if a in having), None)
    if held is not None:
        ended = next(a for a in before if a.number > held.number)
        text += f"; it was in force until {ended.rule_set.since:%Y-%m-%d %H:%M} UTC"
    since = next((a for a in having if a.rule_set.in_force and a.rule_set.since > moment), None)
    if since is not None:
        text += f"; it came into force at {since.rule_set.since:%Y-%m-%d %H:%M} UTC"
    elif any(a.warming for a in having):
        text += "; it is being warmed on the history, and takes force after that"
    return Checked(Link.RULE, State.BROKEN, text)


def _not_started(then: EngineThen, state: RuleState | None) -> Iterator[Checked]:
    if state is None:
        yield Checked(Link.RULE, State.BROKEN, "deciding had not reached the activation of the rule by then")
        return
    yield Checked(Link.RULE, State.HOLDS, "in force")
    now = then.engine.now
    text = "no poll had been recorded by then" if now is None else "the first polls were still under way"
    yield Checked(Link.POLLED, State.BROKEN, f"{text}: the engine had not started to count")


def _in_force_words(state: RuleState, engine: Engine) -> str:
    assert engine.open is not None
    assert state.start_hour is not None
    days = (engine.open - state.start_hour) / 24
    learning = "; normal was not yet known" if state.learning(engine.open) else ""
    shadow = ", in shadow" if state.rule.mode is Mode.SHADOW else ""
    since = hour_start(state.start_hour)
    return f"in force{shadow}, with {plural(round(days), 'day', 'days')} of history since {since:%Y-%m-%d}{learning}"
