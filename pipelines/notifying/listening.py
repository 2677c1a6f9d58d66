"""Takes in answers that come over channels: source ──answer──▶ store ──words──▶ source.

What is asked twice is done once: an acknowledgement stands, a silence of one answer has one id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pipelines.notifying.answering import acknowledgement_of, silence_for
from schemas.alert_event import AlertEvent
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.ids import digest
from schemas.ports.answers import Answer, AnswerKind, AnswerSource
from schemas.ports.response import AlertVerdict, ResponseStore
from schemas.reasons import Judgement

logger = logging.getLogger(__name__)

#: How long a press on the button for silence lasts.
BUTTON_SILENCE = timedelta(hours=2)

_RETRY_S = 5.0

#: Newest answers among which one that came before is looked for.
_LOOKED_THROUGH = 1000


class AnswerStore(ResponseStore, Protocol):
    """What taking in answers needs of the store."""

    def events(
        self, *, rule: str | None = None, alert_id: str | None = None, first_position: int = 0, limit: int | None = None
    ) -> Iterator[AlertEvent]:
        """Yield events in the order they were written."""
        ...


class Listener:
    """Listens to every source until told to stop; owns them."""

    def __init__(self, store: AnswerStore, sources: Sequence[AnswerSource], clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``."""
        listening = [asyncio.create_task(self._listen(source)) for source in self._sources]
        stopping = asyncio.create_task(_set(stop))
        try:
            await asyncio.wait({stopping, *listening}, return_when=asyncio.FIRST_COMPLETED)
            for task in listening:
                if task.done():
                    task.result()  # Only a defect ends one.
        finally:
            for task in (stopping, *listening):
                task.cancel()
            await asyncio.wait({stopping, *listening})
            await self.close()

    async def close(self) -> None:
        """Close the sources; idempotent."""
        await asyncio.gather(*(source.close() for source in self._sources))

    async def _listen(self, source: AnswerSource) -> None:
        while True:
            for answer in await source.wait():
                await source.confirm(answer, await self._taken_in(answer))

    async def _taken_in(self, answer: Answer) -> str:
        """Keep ``answer``, however long the store is away; return what to tell the person."""
        while True:
            try:
                return taken_in(self._store, answer, self._clock.now())
            except RetriableError as error:
                logger.warning("an answer waits: %s", error)
                await asyncio.sleep(_RETRY_S)


async def _set(stop: asyncio.Event) -> None:
    await stop.wait()


def taken_in(store: AnswerStore, answer: Answer, now: datetime) -> str:
    """Keep ``answer`` in ``store``; return what became of it in words for the person.

    :raises RetriableError: the store cannot be reached.
    """
    events = list(store.events(alert_id=answer.alert_id))
    if not events:
        return "there is no such alert any more"
    event = events[-1]
    if answer.kind is AnswerKind.ACKNOWLEDGE:
        first = store.acknowledge(acknowledgement_of(event, author=answer.author, now=now))
        by = store.acknowledgements([event.alert_id])[event.alert_id].author
        return "acknowledged" if first else f"acknowledged before by {by}"
    if answer.kind is AnswerKind.SILENCE:
        return _silenced(store, event, answer, now)
    judgement = Judgement.NOISE if answer.kind is AnswerKind.NOISE else Judgement.USEFUL
    mark = f"answer {answer.answer_id}"
    kept = store.newest_answers(_LOOKED_THROUGH)
    if any(isinstance(one, AlertVerdict) and one.alert_id == event.alert_id and one.note == mark for one in kept):
        return f"noted before: {judgement.value}"
    verdict = AlertVerdict(alert_id=event.alert_id, at=now, author=answer.author, judgement=judgement, note=mark)
    store.add_verdict(verdict)
    return f"noted: {judgement.value}"


def _silenced(store: AnswerStore, event: AlertEvent, answer: Answer, now: datetime) -> str:
    """Keep the silence that ``answer`` asks for, once: neither a lifted nor a past one begins anew."""
    silence = silence_for(event, author=answer.author, now=now, ends_at=now + BUTTON_SILENCE)
    silence = silence.model_copy(update={"silence_id": "s" + digest("answered", answer.answer_id, length=8)})
    kept = next((one for one in store.silences() if one.silence_id == silence.silence_id), None)
    if kept is None:
        store.add_silence(silence)
        return f"silent for 2 h; undo: tocsin alerts unsilence {silence.silence_id}"
    if kept.lifted_at is not None:
        return f"it was silent by this answer, and {kept.lifted_by} lifted that"
    assert kept.ends_at is not None, "a silence of a button has an end"
    return f"silent by this answer until {kept.ends_at:%Y-%m-%d %H:%M} UTC"
