"""Every kind of message as every channel sends it, compared with files a person has read.

After a wanted change run this module as a script from the root of the project, and read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.channels.alertmanager_alerts import FIRES_FOR, alerts_of, webhook_v4
from connectors.channels.apprise_url import apprise_order
from connectors.channels.atom_file import entry_of
from connectors.channels.console import lines
from connectors.channels.mail import mail_of
from connectors.channels.ntfy import ntfy_body
from connectors.channels.pagerduty import pagerduty_body
from connectors.channels.slack import slack_body
from connectors.channels.telegram import telegram_body
from connectors.channels.webhook import webhook_body
from schemas.ids import canonical_json
from schemas.ports.channel import Message
from schemas.reasons import EventKind, MessageKind
from tests.unit.explanation.test_golden_messages import AT, MESSAGES

GOLDEN = Path(__file__).with_name("golden")


def _indented(body: bytes) -> str:
    return json.dumps(json.loads(body), ensure_ascii=False, indent=1)


def _mail(message: Message) -> str:
    """Return the headers that people or programs act on, and both parts."""
    mail = mail_of(message, sender="tocsin@example.org", to=["desk@example.org"], now=AT)
    names = ("Subject", "Message-ID", "In-Reply-To", "References", "Importance", "Auto-Submitted")
    headers = [f"{name}: {mail[name]}" for name in names if mail[name] is not None]
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    contents = [part.get_content().replace("\r\n", "\n") for part in parts if part is not None]
    return "\n".join([*headers, *contents])


CHANNELS: dict[str, Callable[[Message], str]] = {
    "console": lines,
    "mail": _mail,
    "ntfy": lambda message: _indented(ntfy_body(message, "topic")),
    "slack": lambda message: _indented(slack_body(message)),
    "telegram": lambda message: _indented(telegram_body(message, "-1001", buttons=True)),
    "pagerduty": lambda message: _indented(pagerduty_body(message, "key")),
    "webhook": lambda message: _indented(webhook_body(message, AT)),
    "webhook-alertmanager": lambda message: _indented(canonical_json(webhook_v4(message, "desk", AT))),
    "alertmanager": lambda message: _indented(canonical_json(list(alerts_of(message, AT, fires_for=FIRES_FOR)))),
    "apprise": lambda message: _indented(canonical_json(apprise_order(message))),
    "atom": lambda message: ElementTree.tostring(entry_of(message, AT), "unicode"),
}


def rendered(channel: str) -> str:
    """Return what the golden file of ``channel`` holds."""
    return "".join(f"=== {name}\n{CHANNELS[channel](make()).rstrip()}\n\n" for name, make in MESSAGES.items())


@pytest.mark.parametrize("channel", CHANNELS)
def test_bodies_equal_their_golden_file(channel: str) -> None:
    assert rendered(channel) == (GOLDEN / f"{channel}.txt").read_text(encoding="utf-8")


def test_every_kind_of_message_and_of_event_is_shown_for_every_channel() -> None:
    shown = [make() for make in MESSAGES.values()]
    assert {message.kind for message in shown} == set(MessageKind)
    assert {message.event.event for message in shown if message.event is not None} == set(EventKind)
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CHANNELS)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in CHANNELS:
        (GOLDEN / f"{each}.txt").write_text(rendered(each), encoding="utf-8")
