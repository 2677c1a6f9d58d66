"""A receiver that takes a message in and answers after the time-out: it gets the same message again, and it is told so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from schemas.reasons import DeliveryStatus
from tests.contract.channels.counterparts import Running, WebhookCounterpart
from tests.unit.notify.world import RESOLVED, Desk

#: Time for a message to be sent, and for its answer not to come.
TIMEOUT_S = 3.0


class LateWebhook(WebhookCounterpart):
    """Takes everything in at once; its first answers come when ``late`` is set."""

    def __init__(self, late_answers: int = 1) -> None:
        super().__init__()
        self.late = asyncio.Event()
        self.late_answers = late_answers

    async def _answer(self, request: web.Request) -> web.Response:
        answer = await super()._answer(request)
        if len(self.taken) <= self.late_answers:
            await self.late.wait()
        return answer


def test_it_gets_the_same_message_again_and_the_first_try_is_kept_as_unclear(tmp_path: Path) -> None:
    async def scenario() -> None:
        counterpart = LateWebhook()
        async with Running(counterpart):
            desk = Desk(tmp_path, counterpart.channel(timeout_s=TIMEOUT_S))  # type: ignore[arg-type]  # a channel as well
            notifier = desk.notifier()
            desk.ring()
            await notifier.step(desk.clock.now())
            counterpart.late.set()
            desk.pass_time(minutes=10)
            await notifier.step(desk.clock.now())
            await notifier.close()
            first, second = counterpart.taken
            assert first.message_id == second.message_id, "so it can leave the second one out"
            assert first.json["data"] == second.json["data"]
            assert [a.outcome for a in desk.store.attempts(1)] == ["unclear", "delivered"]
            (row,) = desk.store.deliveries()
            assert (row.status, row.attempts) == (DeliveryStatus.DELIVERED, 2)

    asyncio.run(scenario())


def test_it_hears_of_the_end_although_it_never_answered_in_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        counterpart = LateWebhook()
        async with Running(counterpart):
            desk = Desk(tmp_path, counterpart.channel(timeout_s=TIMEOUT_S))  # type: ignore[arg-type]  # a channel as well
            notifier = desk.notifier()
            desk.ring()
            await notifier.step(desk.clock.now())
            counterpart.late.set()
            desk.ring(RESOLVED)
            desk.pass_time(minutes=10)
            while await notifier.step(desk.clock.now()):
                pass
            await notifier.close()
            assert [taken.json["type"] for taken in counterpart.taken] == ["alert.opened", "alert.resolved"]

    asyncio.run(scenario())
