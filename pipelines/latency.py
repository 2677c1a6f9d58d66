"""How long news took from its publisher to people, stage by stage, per alert and over many. Reads log and store only.

published ──▶ fetched ──▶ signal in the log ──▶ alert in the ledger ──▶ accepted by the channel
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.alert_event import AlertEvent, Provenance
from schemas.errors import BrokenRecordError, OffsetOutOfRangeError
from schemas.ids import from_milliseconds, milliseconds
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.reasons import DeliveryStatus, EventKind
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

#: Alerts looked at for percentiles, the newest of the last week.
MOST_ALERTS = 200
LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Latency:
    """The times of the article that made an alert open. Those of an alert that opened by the clock, or whose record the log
    has forgotten, are None. ``accepted`` is by receiver."""

    alert_id: str
    published: datetime | None
    fetched: datetime | None
    signal: datetime | None
    decided: datetime
    accepted: Mapping[str, datetime]

    def stages_s(self) -> Mapping[str, float]:
        """Return seconds by stage; ``told`` is until the first channel accepted it, ``in_all`` from the publisher on."""
        told = min(self.accepted.values(), default=None)
        ends = {
            "fetch": (self.published, self.fetched),
            "extract": (self.fetched, self.signal),
            "decide": (self.signal, self.decided),
            "notify": (self.decided, told),
            "from_fetch_to_told": (self.fetched, told),
            "in_all": (self.published, told),
        }
        return {
            name: round(max(0.0, (end - begin).total_seconds()), 3)
            for name, (begin, end) in ends.items()
            if begin is not None and end is not None
        }


def latency_of(log: Log, store: Store, opened: AlertEvent, provenance: Provenance) -> Latency:
    """Return the times of the alert that ``opened`` began."""
    cause, appended = _cause(log, provenance.log_offset)
    accepted: dict[str, datetime] = {}
    for delivery in store.deliveries(alert_id=opened.alert_id):
        if delivery.status is DeliveryStatus.DELIVERED and delivery.ended_at is not None:
            accepted.setdefault(delivery.receiver, delivery.ended_at)
    return Latency(
        alert_id=opened.alert_id,
        published=cause.event_time if cause is not None else None,
        fetched=cause.observed_at if cause is not None else None,
        signal=appended,
        decided=provenance.recorded_at,
        accepted=accepted,
    )


def latency_of_alert(log: Log, store: Store, alert_id: str) -> Latency | None:
    """Return the times of an alert; None where the ledger has no opening of it."""
    for event, provenance in store.events_with_provenance(alert_id=alert_id):
        if event.event is EventKind.OPENED:
            return latency_of(log, store, event, provenance)
    return None


def recent_latencies(log: Log, store: Store, now: datetime) -> list[Latency]:
    """Return the times of the newest live alerts of the last week, oldest first."""
    first = log.offset_at(SIGNALS, 0, milliseconds(now - LOOKED_BACK))
    opened = [
        (event, provenance)
        for event, provenance in store.events_with_provenance(first_offset=first)
        if event.event is EventKind.OPENED and event.mode == "live"
    ]
    return [latency_of(log, store, event, provenance) for event, provenance in opened[-MOST_ALERTS:]]


def percentiles(
    latencies: Iterable[Latency], shares: Sequence[float] = (0.5, 0.95)
) -> Mapping[str, Mapping[str, float]]:
    """Return by stage the seconds within which so large a share of the alerts went through it: ``{"notify": {"p50": 0.4}}``."""
    by_stage: dict[str, list[float]] = {}
    for latency in latencies:
        for stage, seconds in latency.stages_s().items():
            by_stage.setdefault(stage, []).append(seconds)
    return {
        stage: {f"p{100 * share:g}": sorted(values)[max(0, math.ceil(share * len(values)) - 1)] for share in shares}
        | {"alerts": float(len(values))}
        for stage, values in by_stage.items()
    }


def _cause(log: Log, offset: int) -> tuple[Signal | None, datetime | None]:
    """Return the signal at ``offset`` and when it was appended; None for what is no signal or is gone."""
    try:
        records = log.read(SIGNALS, 0, offset, max_records=1)
        if not records or records[0].offset != offset:
            return None, None
        found = decode_signals(records[0].value)
    except (OffsetOutOfRangeError, BrokenRecordError):
        return None, None
    return (found, from_milliseconds(records[0].append_time_ms)) if isinstance(found, Signal) else (None, None)
