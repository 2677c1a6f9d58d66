"""Messages to a Slack incoming webhook, as plain text that Slack must not interpret."""

from __future__ import annotations

from connectors.channels.http_post import HttpPoster
from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line, plain_text, shortened
from schemas.ports.channel import Message, Outcome

#: Slack cuts texts beyond 40,000 characters (https://docs.slack.dev/reference/methods/chat.postMessage); escapes count.
TEXT_LIMIT = 40_000
_LONGEST_ESCAPE = len("&amp;")


class SlackChannel:
    """Posts to the webhook at ``url``, which is a secret."""

    def __init__(self, receiver: str, url: str, poster: HttpPoster) -> None:
        self._receiver = receiver
        self._url = url
        self._poster = poster

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Post ``message`` once."""
        return await self._poster.post(self._url, slack_body(message), {"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def slack_body(message: Message) -> bytes:
    """Return the JSON of ``message``; with the three characters of Slack's markup escaped no text can call a channel."""
    text = f"{plain_line(message.subject)}\n{plain_text(message.body).rstrip()}"
    escaped = _escaped(shortened(text, TEXT_LIMIT))
    if len(escaped) > TEXT_LIMIT:
        escaped = _escaped(shortened(text, TEXT_LIMIT // _LONGEST_ESCAPE))
    body: dict[str, Json] = {"text": escaped, "mrkdwn": False, "link_names": False, "unfurl_links": False}
    if message.answers:
        # Buttons that open a page; as an attachment they leave the text above them as it is
        # (https://docs.slack.dev/reference/block-kit/block-elements/button-element).
        buttons: list[Json] = [
            {"type": "button", "text": {"type": "plain_text", "text": one.kind.label}, "url": one.url}
            for one in message.answers
        ]
        body["attachments"] = [{"blocks": [{"type": "actions", "elements": buttons}]}]
    return canonical_json(body)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
