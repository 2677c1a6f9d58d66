"""A try and its outcome → where the delivery stands: delivered, tried again at a time, or dead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.notifying.joining import joined_reason
from pipelines.notifying.planning import status_of
from schemas.ids import digest
from schemas.ports.channel import Outcome
from schemas.ports.store import Delivery
from schemas.reasons import DeliveryReason, DeliveryStatus

#: How far a pause strays from its nominal length, either way, so that many deliveries do not come back at once.
_JITTER = 0.25
_DETAIL_LIMIT = 300


@dataclass(frozen=True)
class RetryPolicy:
    """Pauses grow from ``first_s`` by doubling up to ``longest_s``; after ``give_up_s`` or ``max_attempts`` it is dead."""

    first_s: float = 2.0
    longest_s: float = 900.0
    give_up_s: float = 24 * 3600.0
    max_attempts: int = 200


def after_attempt(delivery: Delivery, outcome: Outcome, *, now: datetime, policy: RetryPolicy) -> Delivery:
    """Return ``delivery`` after a try that ended at ``now``. A last try is made when the time to give up comes."""
    attempts = delivery.attempts + 1
    if outcome.result == "delivered":
        return delivery.model_copy(
            update={
                "status": DeliveryStatus.DELIVERED,
                "attempts": attempts,
                "reason": joined_reason(delivery),
                "ended_at": now,
            }
        )
    give_up_at = delivery.created_at + timedelta(seconds=policy.give_up_s)
    reason = _reason_to_give_up(outcome, attempts, now=now, give_up_at=give_up_at, policy=policy)
    detail = outcome.detail[:_DETAIL_LIMIT]
    if reason is not None:
        end = {"status": status_of(reason), "reason": f"{reason.value}: {detail}", "ended_at": now}
        return delivery.model_copy(update={**end, "attempts": attempts})
    wait = timedelta(seconds=max(pause_s(delivery.message_id, attempts, policy), outcome.retry_after_s or 0.0))
    return delivery.model_copy(
        update={
            "status": DeliveryStatus.RETRYING,
            "attempts": attempts,
            "reason": detail,
            "next_attempt_at": min(now + wait, give_up_at),
        }
    )


def _reason_to_give_up(
    outcome: Outcome, attempts: int, *, now: datetime, give_up_at: datetime, policy: RetryPolicy
) -> DeliveryReason | None:
    if outcome.result == "refused":
        return DeliveryReason.REFUSED
    if now >= give_up_at:
        return DeliveryReason.OUT_OF_TIME
    return DeliveryReason.OUT_OF_ATTEMPTS if attempts >= policy.max_attempts else None


def pause_s(message_id: str, attempts: int, policy: RetryPolicy) -> float:
    """Return the pause after try number ``attempts`` (from 1), in seconds; its jitter comes from the message id, so that
    the same delivery has the same pauses in every run."""
    nominal = min(policy.longest_s, policy.first_s * 2.0 ** min(attempts - 1, 40))
    fraction = int(digest("jitter", message_id, str(attempts), length=8), 16) / 0xFFFFFFFF
    return nominal * (1 - _JITTER + 2 * _JITTER * fraction)
