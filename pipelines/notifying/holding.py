"""What is told later: in a group that waits, after quiet hours, as the rest over a limit, or when nobody acknowledged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.notifying.pacing import AtMost, QuietHours
from pipelines.notifying.routing import Grouping, Way
from schemas.alert_event import AlertEvent
from schemas.ids import EPOCH, digest
from schemas.ports.store import Delivery
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind

#: Message ids of what is told in one message with others begin so.
_TOGETHER = ("group_", "held_")

_TOLD = frozenset({DeliveryStatus.PENDING, DeliveryStatus.RETRYING, DeliveryStatus.DELIVERED})

#: Only these wake the second receiver; what follows is told to it at once, if it was woken.
_ESCALATES = frozenset({EventKind.OPENED, EventKind.ESCALATED})


def is_told_together(delivery: Delivery) -> bool:
    """Return whether ``delivery`` is told in one message with others that were held as well."""
    return delivery.message_id.startswith(_TOGETHER)


def held_because(delivery: Delivery) -> DeliveryReason | None:
    """Return why ``delivery`` is held; None where it is not held any more, or never was."""
    if delivery.status is not DeliveryStatus.HELD:
        return None
    return DeliveryReason(delivery.reason.partition(":")[0])


@dataclass(frozen=True)
class Hold:
    """Until when, why, and the id of the message it is then told in (empty: its own). ``drops``: it is not told at all."""

    until: datetime
    reason: DeliveryReason
    message_id: str = ""
    drops: bool = False


class Holding:
    """Decides for one receiver, event by event of a batch. ``earlier`` is what was planned for it before."""

    def __init__(
        self,
        receiver: str,
        quiet: QuietHours | None,
        at_most: AtMost | None,
        earlier: Sequence[Delivery],
        now: datetime,
    ) -> None:
        self._receiver = receiver
        self._quiet = quiet
        self._at_most = at_most
        self._now = now
        self._flushes = sorted({d.message_id for d in earlier if d.message_id.startswith("group_")})
        stretch = at_most.stretch(now) if at_most is not None else None
        begun = stretch[0] if stretch is not None else now
        self._told = {d.message_id for d in earlier if d.created_at >= begun and d.status in _TOLD}

    def note(self, message_id: str, *, held: bool) -> None:
        """Take into account that a message was just planned."""
        if message_id.startswith("group_"):
            self._flushes = sorted({*self._flushes, message_id})
        if not held:
            self._told.add(message_id)

    def hold(self, event: AlertEvent, way: Way) -> Hold | None:
        """Return how ``event`` is held back, or None: it is told at once."""
        if way.escalation and way.route is not None and event.event in _ESCALATES:
            return Hold(self._now + way.route.escalate_after, DeliveryReason.ESCALATION)
        quiet_until = self._quiet.until(self._now, event.severity) if self._quiet is not None else None
        if quiet_until is not None:
            return self._held(quiet_until, DeliveryReason.QUIET_HOURS)
        over = self._over_the_limit(event)
        if over is not None:
            return over
        if way.route is not None and way.route.grouping.waits:
            return self._grouped(event, way.route.name, way.route.grouping)
        return None

    def _held(self, until: datetime, reason: DeliveryReason) -> Hold:
        name = digest("held", self._receiver, reason.value, until.isoformat(), length=24)
        return Hold(until, reason, f"held_{name}")

    def _over_the_limit(self, event: AlertEvent) -> Hold | None:
        at_most = self._at_most
        if at_most is None or not at_most.limits(event.severity) or len(self._told) < at_most.count:
            return None
        stretch = at_most.stretch(self._now)
        if stretch is None:
            return None
        if at_most.rest == "drop":
            return Hold(self._now, DeliveryReason.TOO_MANY, drops=True)
        return self._held(stretch[1], DeliveryReason.TOO_MANY)

    def _grouped(self, event: AlertEvent, route: str, grouping: Grouping) -> Hold:
        """Join the message of the group that has not gone yet, else begin the next one."""
        begin = f"group_{digest(self._receiver, grouping.group_of(event, route), length=16)}_"
        last = next((_flush_of(name) for name in reversed(self._flushes) if name.startswith(begin)), None)
        if last is not None and last > self._now:
            at = last
        else:
            at = self._now + grouping.wait
            if last is not None:
                at = max(at, last + grouping.interval)
        return Hold(at, DeliveryReason.GROUP_WAIT, f"{begin}{(at - EPOCH) // timedelta(microseconds=1):020d}")


def _flush_of(message_id: str) -> datetime:
    return EPOCH + timedelta(microseconds=int(message_id.rpartition("_")[2]))
