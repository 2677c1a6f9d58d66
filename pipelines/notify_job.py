"""The process ``notify``: the notifier and, beside it, the watchdog, over the same channels.

outbox ──▶ notifier ──▶ channels ──▶ people
signals ──▶ follower (what is new about a key) ──┘
buttons ──▶ listener ──▶ store
clock ──▶ tests, the line of a quiet day ──▶ channels
signs of life ──▶ watchdog ──┘  └──▶ heartbeat.url
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from alerts.explanation.names import ActorNames, NamesById
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.answer_links import AnswerLinks
from pipelines.notifying.composing import NotifyStore, without_history
from pipelines.notifying.following import KeyFollower
from pipelines.notifying.listening import Listener
from pipelines.notifying.planning import Receiver
from pipelines.notifying.regular import Regular, RegularMessages
from pipelines.notifying.situations import NO_ROUTES, Routing
from pipelines.notifying.translating import Translations
from pipelines.watchdog import Watchdog
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.channel import Channel

logger = logging.getLogger(__name__)


class NamesWhenNeeded:
    """Names that are read with the first message. Mistakes in the files of actors do not keep an alert from ringing: it
    rings with ids instead of names."""

    def __init__(self, read: Callable[[], ActorNames]) -> None:
        self._read = read
        self._names: ActorNames | None = None

    def display_name(self, actor_id: str) -> str:
        """Return the name of ``actor_id``, or the id."""
        return self._known().display_name(actor_id)

    def adjective(self, actor_id: str) -> str:
        """Return the adjective of ``actor_id``, or its name."""
        return self._known().adjective(actor_id)

    def _known(self) -> ActorNames:
        if self._names is None:
            try:
                self._names = self._read()
            except UsageError as error:
                logger.error("messages go out with ids instead of names: %s", error)
                self._names = NamesById()
        return self._names


class NotifyJob:
    """Tells people and watches the watch until told to stop; owns ``channels`` and ``watchdog``, which is over them too."""

    def __init__(
        self,
        store: NotifyStore,
        channels: Sequence[Channel],
        receivers: Sequence[Receiver],
        *,
        names: ActorNames,
        clock: Clock,
        settings: NotifySettings,
        watchdog: Watchdog,
        follower: KeyFollower | None = None,
        page: str | None = None,
        links: AnswerLinks | None = None,
        translations: Translations | None = None,
        routing: Routing = NO_ROUTES,
        listener: Listener | None = None,
        regulars: Sequence[Regular] = (),
    ) -> None:
        self._follower = follower
        self._regular = RegularMessages(store, channels, regulars, clock)
        self._listener = listener
        self._notifier = Notifier(
            store,
            channels,
            receivers,
            names=names,
            clock=clock,
            settings=settings,
            backgrounds=follower.background if follower is not None else without_history,
            page=page,
            links=links,
            translations=translations,
            routing=routing,
        )
        self._watchdog = watchdog

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; within a second after it nothing is on its way any more.

        :raises FatalError: going on would lose something; what is on its way is recorded before.
        """
        if self._follower is not None:
            self._follower.start()
        tasks = {asyncio.create_task(self._notifier.run(stop)), asyncio.create_task(self._watchdog.run(stop))}
        tasks.add(asyncio.create_task(self._regular.run(stop)))
        if self._listener is not None:
            tasks.add(asyncio.create_task(self._listener.run(stop)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._follower is not None:
                await asyncio.to_thread(self._follower.stop)
            await self._watchdog.close()
            await self._notifier.close()
