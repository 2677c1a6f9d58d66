"""A try and its outcome → where the delivery stands: pauses, the receiver's wish, the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.notifying.retrying import RetryPolicy, after_attempt, pause_s
from schemas.ports.channel import Outcome
from schemas.ports.store import Delivery
from schemas.reasons import DeliveryStatus
from tests.unit.notify.world import LATER, NEVER, START, YES

POLICY = RetryPolicy()


def delivery(attempts: int = 0, message_id: str = "msg_1") -> Delivery:
    return Delivery(
        delivery_id=1,
        position=1,
        event_hash="h",
        alert_id="a",
        seq=1,
        receiver="phone",
        message_id=message_id,
        status=DeliveryStatus.PENDING,
        attempts=attempts,
        next_attempt_at=START,
        created_at=START,
    )


def test_delivered_is_an_end() -> None:
    after = after_attempt(delivery(2), YES, now=START, policy=POLICY)
    assert (after.status, after.attempts, after.ended_at, after.reason) == (DeliveryStatus.DELIVERED, 3, START, "")


def test_refused_is_an_end_with_its_reason() -> None:
    after = after_attempt(delivery(), NEVER, now=START, policy=POLICY)
    assert (after.status, after.ended_at) == (DeliveryStatus.DEAD, START)
    assert after.reason == "refused: no such address"


def test_pauses_double_up_to_the_longest_and_stray_by_a_quarter() -> None:
    for attempts in range(1, 60):
        nominal = min(POLICY.longest_s, POLICY.first_s * 2 ** (attempts - 1))
        for n in range(5):
            pause = pause_s(f"msg_{n}", attempts, POLICY)
            assert 0.75 * nominal <= pause <= 1.25 * nominal
            assert pause == pause_s(f"msg_{n}", attempts, POLICY), "the same in every run"
    assert len({pause_s(f"msg_{n}", 3, POLICY) for n in range(50)}) > 40, "many do not come back at once"


@pytest.mark.parametrize(("asked_s", "least_s"), [(None, 1.5), (0.0, 1.5), (120.0, 120.0)])
def test_the_receiver_s_wish_makes_a_pause_longer_never_shorter(asked_s: float | None, least_s: float) -> None:
    outcome = Outcome(result="retry", detail="slow down", retry_after_s=asked_s)
    after = after_attempt(delivery(), outcome, now=START, policy=POLICY)
    assert after.status is DeliveryStatus.RETRYING
    assert after.ended_at is None
    assert after.next_attempt_at >= START + timedelta(seconds=least_s)
    assert after.reason == "slow down"


def test_a_last_try_is_made_when_the_time_to_give_up_comes() -> None:
    end = START + timedelta(seconds=POLICY.give_up_s)
    outcome = Outcome(result="retry", detail="closed", retry_after_s=7 * 86_400)
    after = after_attempt(delivery(), outcome, now=START, policy=POLICY)
    assert after.next_attempt_at == end
    last = after_attempt(after, LATER, now=end, policy=POLICY)
    assert last.status is DeliveryStatus.DEAD
    assert last.reason == "out_of_time: busy"


def test_attempts_are_bounded() -> None:
    after = after_attempt(delivery(POLICY.max_attempts - 1), LATER, now=START, policy=POLICY)
    assert (after.status, after.reason) == (DeliveryStatus.DEAD, "out_of_attempts: busy")


def test_what_a_receiver_says_is_kept_short() -> None:
    after = after_attempt(delivery(), Outcome(result="retry", detail="x" * 10_000), now=START, policy=POLICY)
    assert len(after.reason) == 300
