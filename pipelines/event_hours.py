"""The hours of an alert's key as the engine holds them when it decides: for charts, in no hash. Reads, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.chain import quantised_expected
from alerts.engine import Engine
from alerts.explanation.hour_bars import band_top
from alerts.standing import hour_counts
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of, hour_start
from schemas.ports.channel import HourBar

#: Two days: what detectors with a baseline hold hour by hour, and what fits a phone.
CHART_HOURS = 48


def hour_bars(engine: Engine, event: AlertEvent) -> Sequence[HourBar]:
    """Return up to two days of hours of the key of ``event``, oldest first; empty for events of no alert.

    Called right after the step that decided ``event``, and only for events: it costs nothing per article.
    """
    state = engine.rules.get(event.rule)
    if state is None or event.window is None or not event.alert_id:
        return ()
    last = hour_of(event.window.end) - 1
    found = [hour_counts(track, event.key, last - CHART_HOURS + 1, last) for track in state.tracks]
    # The track that knows what to expect shows more than one that only counts.
    best = max(found, key=lambda hours: (any(hour.expected is not None for hour in hours), len(hours)), default=[])
    return [
        HourBar(
            start=hour_start(hour.hour),
            count=hour.count,
            expected=None if hour.expected is None else quantised_expected(hour.expected),
            band_top=None if hour.expected is None else band_top(hour.expected),
        )
        for hour in best
    ]
