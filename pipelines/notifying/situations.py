"""Reads from the store what a plan depends on; only as much as the settings and the entries ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipelines.notifying.joining import JOINS_WITHIN, ToldOpening, may_be_joined
from pipelines.notifying.open_alerts import OpenAlerts, OpenAlertsStore
from pipelines.notifying.overlap import strength
from pipelines.notifying.planning import STALE_AFTER, Receiver, Situation
from pipelines.notifying.routing import Inhibition, Route
from schemas.alert_event import AlertEvent, Evidence
from schemas.ports.response import ResponseStore
from schemas.ports.store import Delivery, DeliveryStore, OutboxEntry
from schemas.reasons import EventKind

_PAGE = 500

#: Of the openings told lately, so many are compared with a new one: the articles of each have to be read.
_JOINED_AT_MOST = 50
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


class SituationStore(DeliveryStore, ResponseStore, OpenAlertsStore, Protocol):
    """What a situation needs of the store."""

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``."""
        ...


class Situations:
    """Knows which alerts are open (where inhibitions ask for it) and looks up the rest when asked."""

    def __init__(self, store: SituationStore, routing: Routing) -> None:
        self._store = store
        self._routing = routing
        self._open_alerts = OpenAlerts(store)

    def of(self, entries: Sequence[OutboxEntry], receivers: Sequence[Receiver], now: datetime) -> Situation:
        """Return the situation for planning ``entries`` at ``now``."""
        silences = self._store.silences(in_force_at=now)
        about_articles = any(silence.articles for silence in silences)
        openings = [entry for entry in entries if entry.event.event is EventKind.OPENED]
        # What is too old to be told by itself joins nothing; so a backlog is not compared either.
        fresh = any(now - entry.event.at <= STALE_AFTER for entry in openings)
        told = self._told(receivers, now, entries[-1].position) if fresh else {}
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

    def _told(self, receivers: Sequence[Receiver], now: datetime, last: int) -> Mapping[str, Sequence[ToldOpening]]:
        """Return the openings that each receiver was told of lately, or will be, and whose alerts are still open."""
        since = now - max(self._routing.looks_back, JOINS_WITHIN)
        planned = {
            one.name: [d for d in self._store.deliveries_since(one.name, since) if may_be_joined(d)]
            for one in receivers
        }
        first = min((d.position for found in planned.values() for d in found), default=None)
        if first is None:
            return {}
        # One reading of the outbox from there on shows what opened, and what has ended since.
        opened = self._open_since(first, last)
        articles = articles_of(self._store, list(opened.values()))
        return {
            name: [
                ToldOpening(opened[d.position].event, d, articles[opened[d.position].event_hash])
                for d in found
                if d.position in opened
            ]
            for name, found in planned.items()
        }

    def _open_since(self, position: int, last: int) -> dict[int, OutboxEntry]:
        """Return by position the strongest openings between ``position`` and ``last`` of the outbox whose alerts go on."""
        opened: dict[str, OutboxEntry] = {}
        while position <= last and (page := self._store.outbox_after(position - 1, _PAGE)):
            for entry in page:
                if entry.event.event is EventKind.OPENED:
                    opened[entry.event.alert_id] = entry
                elif entry.event.event in _ENDS:
                    opened.pop(entry.event.alert_id, None)
            position = page[-1].position + 1
        strongest = sorted(opened.values(), key=lambda entry: strength(entry.event), reverse=True)
        return {entry.position: entry for entry in strongest[:_JOINED_AT_MOST]}

    def _earlier(self, receiver: Receiver, now: datetime) -> Sequence[Delivery]:
        back = self._routing.looks_back
        if receiver.at_most is not None:
            back = max(back, _LIMITS_LOOK_BACK)
        return self._store.deliveries_since(receiver.name, now - back) if back else ()

    def open_alerts(self, position: int) -> Sequence[AlertEvent]:
        """Return the newest event of the life of each live alert that is open as of ``position`` of the outbox."""
        return self._open_alerts.as_of(position)


def articles_of(store: SituationStore, entries: Sequence[OutboxEntry]) -> Mapping[str, frozenset[str]]:
    """Return the ids of the articles behind ``entries``, by event hash; erased ones are missing."""
    known = store.evidence([name for entry in entries for name in entry.event.evidence]) if entries else {}
    return {
        entry.event_hash: frozenset(known[name].article_id for name in entry.event.evidence if name in known)
        for entry in entries
    }
