"""What became of single articles under one rule: counted, or the link at which each fell out. Pure, given the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.coverage import count_deadline
from alerts.engine import Engine
from alerts.reading import Reader
from alerts.rule_state import RuleState
from alerts.rules.match import Hit, compile_watch
from alerts.rules.model import Rule
from alerts.rules.one_key import with_one_key
from alerts.rules.shortfall import DEPTH, NameOf, Short, shortfall
from pipelines.explaining.engine_then import SeenSignal
from pipelines.explaining.links import Link
from schemas.ids import hour_of, hour_start
from schemas.reasons import EventTimeReason
from schemas.signal import Signal

_LINK_OF = {
    Short.WITHDRAWN: Link.NEWEST,
    Short.LANGUAGE: Link.LANGUAGE,
    Short.SUBJECT: Link.ACTORS,
}


@dataclass(frozen=True)
class Fate:
    """One article: ``fell_at`` is None where it counts. ``depth`` says how far it got among those that do not match."""

    signal: Signal
    offset: int
    fell_at: Link | None
    text: str
    keys: tuple[str, ...] = ()
    depth: int = 0

    @property
    def matches(self) -> bool:
        """Whether the watch finds it, whatever became of it then."""
        return bool(self.keys)


def fates_of(
    state: RuleState,
    engine: Engine,
    seen: Sequence[SeenSignal],
    hours: range,
    name_of: NameOf = str,
    key: str | None = None,
) -> list[Fate]:
    """Return what became of each article of ``seen`` that is of ``hours`` of event time, or arrived within them.

    With ``key`` an article matches only where it counts for that key, and falls short of that key.
    """
    rule = state.rule if key is None else with_one_key(state.rule, key)
    revisions: dict[str, list[SeenSignal]] = {}
    for one in seen:
        revisions.setdefault(one.signal.article_id, []).append(one)
    fates = []
    for every in revisions.values():
        every.sort(key=lambda one: one.signal.revision)
        newest = every[-1]
        card = engine.cards.get(newest.signal.article_id)
        event_hour = card.hour if card is not None else hour_of(every[0].signal.event_time)
        if event_hour not in hours and hour_of(newest.signal.revised_at) not in hours:
            continue
        fates.append(_fate(state, engine, every, event_hour, hours, name_of, rule))
    return fates


def _fate(
    state: RuleState,
    engine: Engine,
    every: Sequence[SeenSignal],
    hour: int,
    hours: range,
    name_of: NameOf,
    rule: Rule,
) -> Fate:
    newest = every[-1]
    signal = newest.signal
    hits = compile_watch(rule).hits(signal)
    if hits and rule is not state.rule and not _keys(hits) & _keys(compile_watch(state.rule).hits(signal)):
        return Fate(signal, newest.offset, Link.MATCHED, "the rule has no such key", depth=len(DEPTH))
    if not hits:
        missing = shortfall(rule, signal, name_of)
        assert missing is not None
        link, text = _LINK_OF.get(missing.short, Link.MATCHED), missing.text
        before = next((one for one in reversed(every[:-1]) if compile_watch(rule).hits(one.signal)), None)
        if before is not None:
            keys = tuple(hit.key for hit in compile_watch(rule).hits(before.signal))
            return Fate(signal, newest.offset, Link.NEWEST, f"an earlier version matched; now {text}", keys)
        return Fate(signal, newest.offset, link, text, depth=DEPTH[missing.short])
    keys = tuple(hit.key for hit in hits)
    fell = _dated(signal, hour, hours, engine) or _counted(state, engine, signal, keys)
    if fell is None:
        return Fate(signal, newest.offset, None, "counted", keys)
    return Fate(signal, newest.offset, fell[0], fell[1], keys)


def _keys(hits: Iterable[Hit]) -> set[str]:
    return {hit.key for hit in hits}


def _dated(signal: Signal, hour: int, hours: range, engine: Engine) -> tuple[Link, str] | None:
    if signal.event_time_reason is EventTimeReason.BACKFILL:
        return Link.DATED, "it has no date and may be old, so it never counts"
    if engine.open is not None and signal.revised_at >= count_deadline(hour):
        return Link.DATED, f"it is of {signal.event_time:%Y-%m-%d %H:%M} and came over a day late"
    if hour not in hours:
        return Link.DATED, f"it is of {signal.event_time:%Y-%m-%d %H:%M}, which is not within these hours"
    return None


def _counted(state: RuleState, engine: Engine, signal: Signal, keys: Sequence[str]) -> tuple[Link, str] | None:
    rule, card = state.rule, engine.cards.get(signal.article_id)
    if not Reader([rule]).read(signal):
        return Link.COUNTED, "no detector of the rule counts its tone or topic (only)"
    if card is None or rule.name not in card.hits:
        return Link.COUNTED, "it came before the rule counted, or before the engine's first hour"
    if not card.counted:
        return Link.COUNTED, f"its feed {card.feed_id} was not seen in its hour, and no later poll reached back"
    if state.only_corroborates(card.feed_id, card.hour):
        until = state.shadows().get(card.feed_id)
        since = f", from {hour_start(until):%Y-%m-%d %H:%M} UTC at the earliest" if until is not None else ""
        return Link.COUNTED, f"its feed {card.feed_id} has not joined yet{since}: until then it only corroborates"
    if not set(keys) & state.keys.keys():
        return Link.COUNTED, f"the rule has its {rule.max_keys:,} keys already"
    return None
