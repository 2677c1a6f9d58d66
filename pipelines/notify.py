"""The job that tells people: outbox ──plan──▶ deliveries ──claim──▶ message ──send──▶ outcome ──record──▶ store.

At least once and in order for each (alert, receiver). Decides nothing: that is in ``pipelines.notifying``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.explanation.names import ActorNames
from pipelines.notifying.answer_links import AnswerLinks
from pipelines.notifying.composing import PLAN_BATCH, UNCLEAR, Backgrounds, Composer, NotifyStore, without_history
from pipelines.notifying.planning import Receiver, plan, status_of
from pipelines.notifying.reminding import Reminders
from pipelines.notifying.retrying import RetryPolicy, after_attempt
from pipelines.notifying.situations import NO_ROUTES, Routing, Situations
from pipelines.notifying.telling_others import TellingOthers
from pipelines.notifying.translating import Translations
from pipelines.notifying.trying import LONGEST_TRY_S, try_once
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.ports.channel import Channel
from schemas.ports.store import Attempt, Delivery
from schemas.reasons import DeliveryReason, DeliveryStatus

logger = logging.getLogger(__name__)

_REMIND_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NotifySettings:
    """How the job works. ``owner`` is unique among the notifiers of a store. A claimed delivery is this notifier's for
    ``lease_s``; a try that takes over ``longest_try_s`` is given up, and the lease has room for two of them. The others hear
    of a receiver that cannot be reached for ``unreached_s``, and that it lasts or is dead once in ``note_every_s``."""

    owner: str
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_s: float = 60.0
    longest_try_s: float = LONGEST_TRY_S
    claim_limit: int = 16
    idle_s: float = 0.25
    beat_every_s: float = 5.0
    note_every_s: float = 3600.0
    unreached_s: float = 300.0


class Notifier:
    """Delivers what lies in the outbox. Any number of them may work on one store; an instance belongs to one loop."""

    def __init__(
        self,
        store: NotifyStore,
        channels: Sequence[Channel],
        receivers: Sequence[Receiver],
        *,
        names: ActorNames,
        clock: Clock,
        settings: NotifySettings,
        backgrounds: Backgrounds = without_history,
        page: str | None = None,
        links: AnswerLinks | None = None,
        translations: Translations | None = None,
        routing: Routing = NO_ROUTES,
    ) -> None:
        self._store = store
        self._situations = Situations(store, routing)
        self._channels = {channel.receiver: channel for channel in channels}
        self._receivers = [receiver for receiver in receivers if receiver.name in self._channels]
        self._translations = translations
        self._composer = Composer(
            store, names, backgrounds=backgrounds, page=page, links=links, translations=translations
        )
        self._reminders = Reminders(store, routing, self._situations, self._composer)
        self._last_reminding: datetime | None = None
        self._clock = clock
        self._settings = settings
        self._delivered = 0
        self._last_beat: datetime | None = None
        self._others = TellingOthers(
            self._channels,
            longest_try_s=settings.longest_try_s,
            unreached_s=settings.unreached_s,
            note_every_s=settings.note_every_s,
        )

    async def step(self, now: datetime) -> int:
        """Plan what is new and try what is due at ``now``; return how much was done. Call again until it returns 0.

        :raises RetriableError: the store cannot be reached; nothing is lost, claimed deliveries come back by their lease.
        """
        done = self._plan(now)
        settings = self._settings
        claimed = self._store.claim_due(
            now=now, owner=settings.owner, lease_s=settings.lease_s, limit=settings.claim_limit
        )
        by_receiver: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in sorted(claimed, key=lambda d: d.position):
            by_receiver[delivery.receiver].append(delivery)
        turns = [_Turn(self._clock, now, deliveries) for deliveries in by_receiver.values()]
        for result in await asyncio.gather(*map(self._take, turns), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        await self._remind(now)
        self._beat(now)
        return done + len(claimed)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; then what is on its way has half a second to end, and the rest is given back."""
        failures = 0
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                working = asyncio.create_task(self.step(self._clock.now()))
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    await _ended(working)
                    return
                try:
                    pause_s = 0.0 if working.result() else self._settings.idle_s
                    failures = 0
                except RetriableError as error:
                    failures += 1
                    logger.warning("notify waits: %s", error)
                    pause_s = min(30.0, 0.5 * 2.0**failures)
                await asyncio.wait({stopping}, timeout=pause_s)
        finally:
            stopping.cancel()

    async def close(self) -> None:
        """Close the channels; idempotent."""
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))
        if self._translations is not None:
            await self._translations.close()

    def _plan(self, now: datetime) -> int:
        planned = 0
        while True:
            cursor = self._store.outbox_cursor()
            entries = self._store.outbox_after(cursor, PLAN_BATCH)
            if not entries:
                return planned
            # False: another notifier planned these first, and the next look shows what is left.
            if self._store.plan_deliveries(
                expected_cursor=cursor,
                cursor=entries[-1].position,
                deliveries=plan(entries, self._receivers, now, self._situations.of(entries, self._receivers, now)),
            ):
                planned += len(entries)

    async def _take(self, turn: _Turn) -> None:
        """Try the deliveries of one receiver, oldest first; give back what the lease or a stop leaves no time for."""
        room_s = self._settings.lease_s - 2 * self._settings.longest_try_s
        try:
            while turn.left:
                if turn.begun and turn.elapsed_s() > room_s:
                    self._give_back(turn, "its turn did not come within the lease")
                    return
                await self._deliver(turn.next(), turn)
        except asyncio.CancelledError:
            self._give_back(turn, "the notifier stopped before its turn")
            raise

    def _give_back(self, turn: _Turn, why: str) -> None:
        for delivery in turn.left:
            self._record(delivery, "released", why, turn.now())

    async def _deliver(self, delivery: Delivery, turn: _Turn) -> None:
        channel = self._channels.get(delivery.receiver)
        if channel is None:
            self._end([(delivery, DeliveryReason.NO_SUCH_RECEIVER)], turn.now())
            return
        telling = self._composer.telling(delivery, turn.now())
        if telling.untranslated and self._translations is not None:
            await self._translations.fetch(telling.untranslated)
            telling = self._composer.telling(delivery, turn.now())
        if telling.message is None:
            self._end(telling.ended, turn.now())
            return
        # Before it is sent: whatever is told in this message must not be told again by somebody else meanwhile.
        self._end(telling.ended, turn.now(), owner=self._settings.owner)
        begun_at = turn.now()
        try:
            outcome = await try_once(channel, telling.message, longest_try_s=self._settings.longest_try_s)
        except asyncio.CancelledError:
            again = {"status": DeliveryStatus.RETRYING, "attempts": delivery.attempts + 1}
            why = "the notifier stopped while sending; it may have arrived all the same"
            self._record(delivery.model_copy(update=again), UNCLEAR, why, begun_at)
            raise
        after = after_attempt(delivery, outcome, now=turn.now(), policy=self._settings.retry)
        if after.status is DeliveryStatus.DEAD:
            # Before it is recorded, so that a process killed in between tells it again rather than never.
            await self._others.of_dead(after, telling.message, turn.now())
        elif after.status is DeliveryStatus.RETRYING:
            await self._others.of_outage(after, telling.message, turn.now())
        self._delivered += after.status is DeliveryStatus.DELIVERED
        self._record(after, UNCLEAR if outcome.may_have_arrived else outcome.result, outcome.detail, begun_at)
        if after.status is DeliveryStatus.DELIVERED:
            await self._others.of_its_end(delivery.receiver, turn.now())

    async def _remind(self, now: datetime) -> None:
        """Tell again what is due; looks once a minute. What fails is due again at the next look."""
        if self._last_reminding is not None and now - self._last_reminding < _REMIND_EVERY:
            return
        self._last_reminding = now
        for reminder in self._reminders.due(self._receivers, now):
            channel = self._channels[reminder.delivery.receiver]
            outcome = await try_once(channel, reminder.message, longest_try_s=self._settings.longest_try_s)
            told = reminder.told_as if outcome.result == "delivered" else outcome.result
            attempt = Attempt(
                delivery_id=reminder.delivery.delivery_id, at=now, outcome=told, detail=f"afterwards: {outcome.detail}"
            )
            # The delivery has ended; only the attempt is kept.
            self._store.record_attempt(reminder.delivery, attempt, owner=self._settings.owner)

    def _end(self, ended: Sequence[tuple[Delivery, DeliveryReason]], now: datetime, *, owner: str = "") -> None:
        by_reason: dict[DeliveryReason, list[int]] = defaultdict(list)
        for delivery, reason in ended:
            by_reason[reason].append(delivery.delivery_id)
        for reason, ids in by_reason.items():
            self._store.end_deliveries(ids, status=status_of(reason), reason=reason.value, now=now, owner=owner)

    def _record(self, delivery: Delivery, outcome: str, detail: str, at: datetime) -> None:
        attempt = Attempt(delivery_id=delivery.delivery_id, at=at, outcome=outcome, detail=detail)
        if not self._store.record_attempt(delivery, attempt, owner=self._settings.owner):
            logger.warning("delivery %d was taken over by another notifier", delivery.delivery_id)

    def _beat(self, now: datetime) -> None:
        if self._last_beat is not None and (now - self._last_beat).total_seconds() < self._settings.beat_every_s:
            return
        self._store.beat(
            "notify", at=now, detail={"position": self._store.outbox_cursor(), "delivered": self._delivered}
        )
        self._last_beat = now


class _Turn:
    """The deliveries of one receiver within one step, and how much time has gone by in it."""

    def __init__(self, clock: Clock, now: datetime, deliveries: Sequence[Delivery]) -> None:
        self.left = list(deliveries)
        self.begun = False
        self._clock = clock
        self._started_at = now
        self._started_s = clock.monotonic_s()

    def next(self) -> Delivery:
        """Return the next delivery; it is not among those left any more."""
        self.begun = True
        return self.left.pop(0)

    def elapsed_s(self) -> float:
        """Return seconds since the step began."""
        return max(0.0, self._clock.monotonic_s() - self._started_s)

    def now(self) -> datetime:
        """Return the time of the step plus what has gone by in it."""
        return self._started_at + timedelta(seconds=self.elapsed_s())


async def _ended(working: asyncio.Task[int]) -> None:
    """Let the step end by itself for half a second, then cut it off; an error of it has no one left to help."""
    await asyncio.wait({working}, timeout=0.5)
    working.cancel()
    await asyncio.wait({working}, timeout=0.3)
    if working.done() and not working.cancelled() and (error := working.exception()) is not None:
        logger.warning("the last step failed: %s", error)
