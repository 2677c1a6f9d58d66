"""Buttons pressed under messages of a Telegram bot, by long poll: no port has to be open, so it works from anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any  # whatever JSON came

import aiohttp

from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line
from schemas.ports.answers import Answer, AnswerKind

logger = logging.getLogger(__name__)

_ANSWER_BYTES = 1_000_000
_KINDS = {kind.value: kind for kind in AnswerKind}


class TelegramAnswers:
    """Asks the bot server at ``url`` for presses in the chat ``chat_id``; those in other chats are passed over.

    The token is part of every address, so nothing that an error says is logged, only its type.
    """

    def __init__(
        self,
        receiver: str,
        url: str,
        token: str,
        chat_id: str,
        connector: Callable[[], aiohttp.BaseConnector],
        *,
        poll_s: int = 25,
        pause_s: float = 5.0,
    ) -> None:
        self._receiver = receiver
        self._base = f"{url.rstrip('/')}/bot{token}"
        self._chat_id = chat_id
        self._connector = connector
        self._poll_s = poll_s
        self._pause_s = pause_s
        self._next_update = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def wait(self) -> Sequence[Answer]:
        """Wait up to half a minute for presses. Asking again tells the server that those before were dealt with."""
        asked: dict[str, Json] = {"timeout": self._poll_s, "allowed_updates": ["callback_query"]}
        if self._next_update:
            asked["offset"] = self._next_update
        updates = await self._call("getUpdates", asked)
        if updates is None:
            await asyncio.sleep(self._pause_s)
            return ()
        found: list[Answer] = []
        for update in updates if isinstance(updates, list) else ():
            if isinstance(update, dict) and isinstance(update.get("update_id"), int):
                self._next_update = max(self._next_update, update["update_id"] + 1)
                answer = answer_in(update, self._chat_id)
                if answer is not None:
                    found.append(answer)
        return found

    async def confirm(self, answer: Answer, words: str) -> None:
        """Show ``words`` to who pressed; that it fails changes nothing."""
        await self._call("answerCallbackQuery", {"callback_query_id": answer.answer_id, "text": plain_line(words, 190)})

    async def _call(self, method: str, asked: dict[str, Json]) -> Any:
        """Return the ``result`` of a call; None where there was none."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=self._connector(), trust_env=False)
        headers = {"Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(self._poll_s + 10.0),
                self._session.post(
                    f"{self._base}/{method}", data=canonical_json(asked), headers=headers, allow_redirects=False
                ) as said,
            ):
                body = await said.content.read(_ANSWER_BYTES)
                if said.status != 200:
                    logger.warning("receiver %s: its buttons cannot be read: answered %d", self._receiver, said.status)
                    return None
                return json.loads(body)["result"]
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError, RecursionError) as error:
            logger.warning("receiver %s: its buttons cannot be read: %s", self._receiver, type(error).__name__)
            return None

    async def close(self) -> None:
        """Close the connections; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def answer_in(update: dict[str, Any], chat_id: str) -> Answer | None:
    """Return the answer in an update of the bot; None where it is none, or comes from another chat."""
    try:
        pressed = update["callback_query"]
        chat = pressed["message"]["chat"]
        if chat_id not in (str(chat["id"]), f"@{chat.get('username', '')}"):
            return None
        kind, _, alert_id = str(pressed["data"]).partition(":")
        person = pressed["from"]
        name = person.get("username") or person.get("first_name") or ""
        author = f"{plain_line(str(name), 50)} (Telegram {int(person['id'])})".strip()
        if kind not in _KINDS or not (alert_id.isalnum() and len(alert_id) <= 64):
            return None
        return Answer(answer_id=str(pressed["id"])[:64], alert_id=alert_id, kind=_KINDS[kind], author=author)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
