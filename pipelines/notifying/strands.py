"""Which unsent events of an alert still need telling: the newest stands for the older ones, and what is over never rings.

Pure. A *strand* is a run of events in which a newer one makes the older ones pointless.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.alert_event import AlertEvent
from schemas.reasons import DeliveryReason, EventKind

_LIFE = frozenset(
    {
        EventKind.OPENED,
        EventKind.ESCALATED,
        EventKind.REMINDED,
        EventKind.UPDATED,
        EventKind.RESOLVED,
        EventKind.RETRACTED,
    }
)
_SIGHT = frozenset({EventKind.BLIND, EventKind.SIGHTED})
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.SIGHTED})


def strand_of(event: AlertEvent) -> tuple[str, str, str] | None:
    """Return the strand of ``event``; None for events that stand alone. Blindness is a strand beside an alert's life, so
    that going blind never hides that it rang."""
    if event.event in _LIFE and event.alert_id:
        return ("life", event.rule, event.alert_id)
    if event.event in _SIGHT:
        return ("sight", event.rule, event.alert_id)
    return None


def settle(unsent: Sequence[AlertEvent], *, told: bool) -> tuple[DeliveryReason | None, ...]:
    """Return for each event of one strand, in seq order, why it is left out, or None where it is to be told.

    ``told``: the receiver may have heard of the strand before. Only the newest is ever told; an end of which nobody heard
    the beginning is not told either, and takes what was not yet told with it.
    """
    if not unsent:
        return ()
    if unsent[-1].event in _ENDS and not told:
        reason = DeliveryReason.ALREADY_RESOLVED if len(unsent) > 1 else DeliveryReason.NEVER_TOLD
        return (reason,) * len(unsent)
    return (*(DeliveryReason.NEWER_EVENT,) * (len(unsent) - 1), None)
