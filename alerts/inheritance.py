"""What an engine goes on with in a ledger that another version wrote: its chains, and the alerts that it holds open.

Engines of two versions may see one alert otherwise. People were told by the ledger: what it holds open must end there too, and
what it never opened has no end to tell. Events in, no decision: what differs is decided by the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.alert_event import AlertEvent, ChainHead
from schemas.ids import hour_of
from schemas.reasons import EventKind

#: By rule and key the hour an open alert crossed in.
OpenAlerts = Mapping[tuple[str, str], int]


class Inheritance(NamedTuple):
    """``open_alerts`` is None where nothing is to be compared: the engine wrote the events before itself."""

    heads: Mapping[str, ChainHead]
    open_alerts: OpenAlerts | None = None


def open_after(events: Iterable[AlertEvent]) -> OpenAlerts:
    """Return what is open after ``events``, all of a ledger in order."""
    found: dict[tuple[str, str], int] = {}
    for event in events:
        if event.event is EventKind.OPENED and event.crossing is not None:
            found[event.rule, event.key] = hour_of(event.crossing)
        elif event.event in (EventKind.RESOLVED, EventKind.RETRACTED):
            found.pop((event.rule, event.key), None)
    return found
