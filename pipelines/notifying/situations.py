"""Reads from the store what a plan depends on; only as much as the settings and the entries ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipelines.notifying.joining import JOINS_WITHIN, ToldOpening, may_be_joined
from pipelines.notifying.planning import Receiver, Situation
from pipelines.notifying.routing import Inhibition, Route
from schemas.alert_event import AlertEvent, Evidence
from schemas.ports.response import ResponseStore
from schemas.ports.store import Delivery, DeliveryStore, OutboxEntry
from schemas.reasons import EventKind

_PAGE = 500
_SIGHT = frozenset({EventKind.BLIND, EventKind.SIGHTED})
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED})

#: How far back limits look: a day that changes its clock has 25 hours.
_LIMITS_LOOK_BACK = timedelta(hours=26)


@dataclass(frozen=True)
class Routing:
    """What the settings say of who is told."""

    routes: tuple[Route, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()

    @property
    def looks_back(self) -> timedelta:
        """How long ago a group may have been told that matters to its next message."""
        pauses = [r.grouping.wait + r.grouping.interval for r in every_route(self.routes) if r.grouping.waits]
        return max(pauses, default=timedelta())


#: Every receiver is told of everything.
NO_ROUTES = Routing()


def every_route(routes: Sequence[Route]) -> list[Route]:
    """Return all routes of a tree, each before its own."""
    return [found for route in routes for found in (route, *every_route(route.routes))]


class SituationStore(DeliveryStore, ResponseStore, Protocol):
    """What a situation needs of the store."""

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``."""
        ...


class Situations:
    """Knows which alerts are open (where inhibitions ask for it) and looks up the rest when asked."""

    def __init__(self, store: SituationStore, routing: Routing) -> None:
        self._store = store
        self._routing = routing
        self._open: dict[str, AlertEvent] = {}
        self._position = 0

    def of(self, entries: Sequence[OutboxEntry], receivers: Sequence[Receiver], now: datetime) -> Situation:
        """Return the situation for planning ``entries`` at ``now``."""
        silences = self._store.silences(in_force_at=now)
        about_articles = any(silence.articles for silence in silences)
        openings = [entry for entry in entries if entry.event.event is EventKind.OPENED]
        told = {one.name: self._told(one, now) for one in receivers} if openings else {}
        compared = len(openings) > 1 or any(told.values())
        wanted = entries if about_articles else openings if compared else ()
        told_again = (EventKind.UPDATED, EventKind.REMINDED)
        updated = [entry.event.alert_id for entry in entries if entry.event.event in told_again]
        return Situation(
            routes=self._routing.routes,
            inhibitions=self._routing.inhibitions,
            silences=silences,
            acknowledged=frozenset(self._store.acknowledgements(updated)) if updated else frozenset(),
            articles=articles_of(self._store, wanted),
            open_alerts=self.open_alerts(entries[-1].position) if self._routing.inhibitions and entries else (),
            earlier={receiver.name: self._earlier(receiver, now) for receiver in receivers},
            told=told,
        )

    def _told(self, receiver: Receiver, now: datetime) -> Sequence[ToldOpening]:
        """Return the openings that ``receiver`` was told of lately, or will be, and whose alerts are open for it."""
        since = now - max(self._routing.looks_back, JOINS_WITHIN)
        planned = [one for one in self._store.deliveries_since(receiver.name, since) if may_be_joined(one)]
        found = []
        for one in planned:
            entry = self._entry(one.position)
            if entry is not None and entry.event.event is EventKind.OPENED and not self._has_ended(one):
                found.append((entry, one))
        articles = articles_of(self._store, [entry for entry, _ in found])
        return [ToldOpening(entry.event, one, articles[entry.event_hash]) for entry, one in found]

    def _entry(self, position: int) -> OutboxEntry | None:
        entries = self._store.outbox_after(position - 1, 1)
        return entries[0] if entries and entries[0].position == position else None

    def _has_ended(self, opened: Delivery) -> bool:
        """Return whether the alert of ``opened`` has an end, told to this receiver or not."""
        later = {
            one.position for one in self._store.deliveries(alert_id=opened.alert_id) if one.position > opened.position
        }
        entries = [self._entry(position) for position in later]
        return any(entry is not None and entry.event.event in _ENDS for entry in entries)

    def _earlier(self, receiver: Receiver, now: datetime) -> Sequence[Delivery]:
        back = self._routing.looks_back
        if receiver.at_most is not None:
            back = max(back, _LIMITS_LOOK_BACK)
        return self._store.deliveries_since(receiver.name, now - back) if back else ()

    def open_alerts(self, position: int) -> Sequence[AlertEvent]:
        """Return the newest event of the life of each live alert that is open as of ``position`` of the outbox."""
        while self._position < position:
            page = self._store.outbox_after(self._position, _PAGE)
            if not page:
                break
            for entry in page:
                event = entry.event
                if not event.alert_id or event.mode != "live" or event.event in _SIGHT:
                    continue
                if event.event in _ENDS:
                    self._open.pop(event.alert_id, None)
                else:
                    self._open[event.alert_id] = event
            self._position = page[-1].position
        return tuple(self._open.values())


def articles_of(store: SituationStore, entries: Sequence[OutboxEntry]) -> Mapping[str, frozenset[str]]:
    """Return the ids of the articles behind ``entries``, by event hash; erased ones are missing."""
    known = store.evidence([name for entry in entries for name in entry.event.evidence]) if entries else {}
    return {
        entry.event_hash: frozenset(known[name].article_id for name in entry.event.evidence if name in known)
        for entry in entries
    }
