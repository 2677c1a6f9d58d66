"""One article's way through everything: revisions, findings, rules it hit and did not, stories, alerts, deliveries.

log ──revisions, signals, dead letters──┐
log ──engine again, to two hours after──┼──▶ Trace, the first failing link named
store ──evidence, deliveries────────────┘
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alerts.engine import Engine
from alerts.rule_state import RuleState
from alerts.rules.shortfall import NameOf
from pipelines.explaining.engine_then import EngineThen, Progress, SeenSignal, engine_then, no_progress
from pipelines.explaining.fates import Fate, fates_of
from pipelines.explaining.finding import Found
from pipelines.explaining.ledger_span import events_between
from pipelines.explaining.trace_chains import Failing, KeyChain, first_failing, key_chains
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of, milliseconds
from schemas.ports.log import Log
from schemas.ports.store import Delivery, Store

#: An hour must end before it is known whether its feeds were seen.
_AFTER = timedelta(hours=2)

#: Hours around an article in which its story lies, and days in which an alert may name it.
_STORY_H = 50
_EVIDENCE_DAYS = 40


@dataclass(frozen=True)
class InStory:
    """The story an article is counted in for a key: its first article, and how many there were by then."""

    rule: str
    key: str
    detector: str
    first: str
    first_title: str
    articles: int


@dataclass(frozen=True)
class Trace:
    """Everything known of one article. ``fates`` by rule name; ``alerts`` are the first events that name it."""

    found: Found
    fates: tuple[tuple[str, Fate], ...]
    stories: tuple[InStory, ...]
    alerts: tuple[AlertEvent, ...]
    deliveries: tuple[Delivery, ...]
    counted_hour: int | None
    chains: tuple[KeyChain, ...] = ()

    @property
    def failing(self) -> Failing | None:
        """The first link that failed; None where somebody was told of it."""
        return first_failing(self.found, self.fates, self.chains)

    @property
    def rang_unnamed(self) -> KeyChain | None:
        """The rule and key that counted the article and rang, where no alert names it as evidence; else None."""
        return None if self.alerts else next((one for one in self.chains if one.chain.broken is None), None)


def trace(
    log: Log,
    store: Store,
    snapshots: Path | None,
    found: Found,
    *,
    name_of: NameOf = str,
    progress: Progress = no_progress,
) -> Trace:
    """Return the way of ``found``; the engine is stepped to two hours after its last revision.

    :raises FatalError: the log does not reach back so far, nor does a snapshot.
    """
    alerts = _alerts_with(store, found)
    deliveries = tuple(d for alert in alerts for d in store.deliveries(alert_id=alert.alert_id))
    if not found.signals:
        return Trace(found, (), (), alerts, deliveries, None)
    seen = [SeenSignal(p.offset, milliseconds(p.appended_at), signal) for p, signal in found.signals]
    last = max(one.signal.revised_at for one in seen)
    then = engine_then(log, store, snapshots, last + _AFTER, last + _AFTER, progress, keep_signals=False, shorten=True)
    card = then.engine.cards.get(found.article_id)
    hour = card.hour if card is not None else hour_of(seen[0].signal.event_time)
    fates: list[tuple[str, Fate]] = []
    for name, state in sorted(then.engine.rules.items()):
        fates.extend((name, fate) for fate in fates_of(state, then.engine, seen, range(hour, hour + 1), name_of))
    fates.sort(key=lambda one: (one[1].fell_at is not None, not one[1].matches, -one[1].depth, one[0]))
    stories = [story for name, fate in fates for story in _stories(then, name, fate, hour)]
    return Trace(
        found=found,
        fates=tuple(fates),
        stories=tuple(stories),
        alerts=alerts,
        deliveries=deliveries,
        counted_hour=hour if card is not None and card.counted else None,
        chains=tuple(key_chains(store, then, fates, alerts)),
    )


def _stories(then: EngineThen, name: str, fate: Fate, hour: int) -> Iterator[InStory]:
    engine = then.engine
    state: RuleState = engine.rules[name]
    for key in fate.keys:
        for track, detector in zip(state.tracks, state.rule.when, strict=True):
            counted = track.counted(key, hour - _STORY_H, hour + _STORY_H)
            story = dict(counted).get(fate.signal.article_id)
            if story is not None:
                number = sum(1 for _, other in counted if other == story)
                yield InStory(name, key, detector.kind, story, _title(engine, story), number)


def _title(engine: Engine, article_id: str) -> str:
    card = engine.cards.get(article_id)
    return card.title if card is not None else ""


def _alerts_with(store: Store, found: Found) -> tuple[AlertEvent, ...]:
    """Return the first event of each alert whose evidence names the article."""
    mine = set(store.evidence_of_article(found.article_id))
    if not mine:
        return ()
    since = found.newest.event_time - timedelta(days=1)
    named: dict[str, AlertEvent] = {}
    for event in events_between(store, since, since + timedelta(days=_EVIDENCE_DAYS)):
        if event.alert_id and not mine.isdisjoint(event.evidence):
            named.setdefault(event.alert_id, event)
    return tuple(named.values())
