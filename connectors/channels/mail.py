"""A message as a mail: plain text and simple HTML, one thread an alert. Pure; nothing in it can add a header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from schemas.plain_text import plain_line, plain_text
from schemas.ports.channel import AnswerLink, Message
from schemas.reasons import Severity

#: Longer subjects are cut; those of alerts are at most 110 characters anyway.
_SUBJECT_LIMIT = 200

#: A subject of ASCII alone is not folded (998 characters may stand on a line, RFC 5322 §2.1.1): the library would begin a
#: word that does not fit with an empty first line, which some mail programs show as an empty subject.
_UNFOLDED = SMTP.clone(max_line_length=_SUBJECT_LIMIT + len("Subject: "))
_URL = re.compile(r"https?://[^\s<>\"'()\[\]{}|\\^`]+")
_NO_ID = re.compile(r"[^A-Za-z0-9._-]")


def mail_of(
    message: Message, *, sender: str, to: Sequence[str], now: datetime, chart: bytes | None = None
) -> EmailMessage:
    """Return the mail. Its Message-ID is that of the message, so that a retried one is recognised as the same. ``chart`` is
    a picture (PNG) that the HTML part shows, carried in the mail itself: nothing is fetched when it is read."""
    domain = sender.rpartition("@")[2]
    subject = plain_line(message.subject, _SUBJECT_LIMIT)
    mail = EmailMessage(policy=_UNFOLDED if subject.isascii() else SMTP)
    mail["From"] = Address(display_name="Tocsin", addr_spec=sender)
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = _id(message.message_id, domain)
    root = _id(f"thread-{message.thread_id}", domain)
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    if message.severity in (Severity.HIGH, Severity.CRITICAL):
        mail["Importance"] = "high"
    body = plain_text(message.body).rstrip() + "\n"
    answers = "".join(f"{one.kind.label}: {one.url}\n" for one in message.answers)
    mail.set_content(body + (f"\nAnswer (each link asks once more before it acts):\n{answers}" if answers else ""))
    chart_id = _id(f"chart-{message.message_id}", domain)
    html_text = _html(plain_line(message.subject), body, chart_id if chart else "", message.answers)
    mail.add_alternative(html_text, subtype="html")
    if chart:
        html = mail.get_body(("html",))
        assert isinstance(html, EmailMessage)
        html.add_related(chart, "image", "png", cid=chart_id, filename="hours.png", disposition="inline")
    return mail


def _buttons(answers: Sequence[AnswerLink]) -> str:
    style = "display:inline-block;padding:8px 14px;border:1px solid #888;border-radius:4px;font-family:sans-serif"
    links = " ".join(f'<a style="{style}" href="{escape(one.url)}">{escape(one.kind.label)}</a>' for one in answers)
    return f"<p>{links}</p>" if links else ""


def _id(text: str, domain: str) -> str:
    return f"<{_NO_ID.sub('-', text)[:120]}@{domain}>"


def _html(subject: str, body: str, chart_id: str, answers: Sequence[AnswerLink]) -> str:
    """Return the same words as HTML: everything is escaped first, then http(s) addresses become links. The picture known by
    ``chart_id`` stands above them."""
    parts, at = [], 0
    for found in _URL.finditer(body):
        address = found.group().rstrip(".,;:!?")
        parts += [escape(body[at : found.start()]), f'<a href="{escape(address)}">{escape(address)}</a>']
        at = found.start() + len(address)
    parts.append(escape(body[at:]))
    picture = (
        f'<p><img src="cid:{chart_id[1:-1]}" width="640" alt="counted and expected by hour"></p>' if chart_id else ""
    )
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head><body>'
        f'<h3 style="font-family:sans-serif">{escape(subject)}</h3>{picture}'
        f'<div style="font-family:sans-serif;white-space:pre-wrap">{"".join(parts)}</div>{_buttons(answers)}</body></html>\n'
    )
