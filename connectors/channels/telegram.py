"""Messages through a Telegram bot, as plain text, with buttons that answer the alert. The token is part of every address."""

from __future__ import annotations

import json

from connectors.channels.http_post import HttpPoster
from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line, plain_text
from schemas.ports.answers import AnswerKind
from schemas.ports.channel import Message, Outcome
from schemas.reasons import EventKind, MessageKind, Severity

#: Of UTF-16, which is how Telegram counts (https://core.telegram.org/bots/api#sendmessage).
TEXT_LIMIT_UNITS = 4096

_QUIET = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.UPDATED, EventKind.SIGHTED})
_BUTTONS = (AnswerKind.ACKNOWLEDGE, AnswerKind.SILENCE, AnswerKind.NOISE)


class TelegramChannel:
    """Sends to the chat ``chat_id`` by the bot that ``token`` belongs to, over the server at ``url``."""

    def __init__(
        self, receiver: str, url: str, token: str, chat_id: str, poster: HttpPoster, *, buttons: bool = True
    ) -> None:
        self._receiver = receiver
        self._address = f"{url.rstrip('/')}/bot{token}/sendMessage"
        self._chat_id = chat_id
        self._poster = poster
        self._buttons = buttons

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Send ``message`` once."""
        body = telegram_body(message, self._chat_id, buttons=self._buttons)
        headers = {"Content-Type": "application/json"}
        return await self._poster.post(self._address, body, headers, retry_after_in=retry_after_in)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def telegram_body(message: Message, chat_id: str, *, buttons: bool) -> bytes:
    """Return the JSON of ``message``. Without a parse mode nothing in it is markup; no page is looked at for a preview."""
    text = f"{plain_line(message.subject, 250)}\n\n{plain_text(message.body).strip()}".strip()
    body: dict[str, Json] = {
        "chat_id": chat_id,
        "text": shortened_utf16(text, TEXT_LIMIT_UNITS),
        "link_preview_options": {"is_disabled": True},
        "disable_notification": _is_quiet(message),
    }
    event = message.event
    if buttons and event is not None and event.alert_id and event.event not in _QUIET:
        row: list[Json] = [{"text": kind.label, "callback_data": f"{kind.value}:{event.alert_id}"} for kind in _BUTTONS]
        body["reply_markup"] = {"inline_keyboard": [row]}
    return canonical_json(body)


def _is_quiet(message: Message) -> bool:
    over = message.event is not None and message.event.event in _QUIET
    return over or message.severity is Severity.LOW or message.kind is MessageKind.TEST


def shortened_utf16(text: str, limit: int) -> str:
    """Return as much of ``text`` as fits in ``limit`` units of UTF-16, never half a character; a cut one ends in an ellipsis."""
    raw = text.encode("utf-16-le", "replace")
    if len(raw) <= 2 * limit:
        return text
    return raw[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def retry_after_in(answer: bytes) -> float | None:
    """Return the seconds a bot is told to wait (``parameters.retry_after``), None where nothing is said."""
    try:
        found = json.loads(answer)
        seconds = found["parameters"]["retry_after"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return float(seconds) if isinstance(seconds, int) and 0 <= seconds < 10**6 else None
