"""Messages for the suite: an ordinary one and hostile ones."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.alert_event import AlertEvent, Counts, Evidence, Window
from schemas.article import Source
from schemas.ports.channel import Message
from schemas.reasons import EventKind, EventReason, Severity

AT = datetime(2025, 6, 30, 14, tzinfo=UTC)


def event(**changes: object) -> AlertEvent:
    """Return an alert that opened."""
    values: dict[str, object] = {
        "alert_id": "a" * 24,
        "seq": 7,
        "event": EventKind.OPENED,
        "reason": EventReason.CROSSED,
        "rule": "azerbaijan-russia",
        "key": "AZE-RUS",
        "severity": Severity.HIGH,
        "at": AT,
        "window": Window(start=datetime(2025, 6, 30, 8, tzinfo=UTC), end=AT, hours=6),
        "counts": Counts(stories=9, publishers=6, articles=14),
        "expected": 1.1,
    }
    return AlertEvent.model_validate({**values, **changes})


def evidence(title: str = "Detained in Yekaterinburg", url: str | None = "https://news.example/1") -> Evidence:
    """Return one article behind the alert."""
    return Evidence(
        article_id="1" * 32,
        revision=1,
        source=Source(id="example-news", name="Example News", country="AZE"),
        url=url,
        title=title,
        event_time=AT,
        story="1" * 32,
    )


def message(**changes: object) -> Message:
    """Return an ordinary message."""
    values: dict[str, object] = {
        "message_id": "msg_0123456789abcdef01234567",
        "thread_id": "a" * 24,
        "severity": Severity.HIGH,
        "subject": "HIGH Azerbaijan–Russia: 9 stories, 6 publishers in 6 h (normal 1.1)",
        "body": "An alert opened: it crossed.\n\n• Задержаны в Екатеринбурге — Example\n  https://news.example/1\n\nمرحبا",
        "event": event(),
        "evidence": (evidence(),),
    }
    return Message.model_validate({**values, **changes})


#: What strangers put into titles. Each must arrive as text, or not at all, and change nothing around it.
HOSTILE = (
    "Bcc: everyone@example.org\r\nBcc: x@example.org",
    "a\nSubject: forged",
    "nul \x00 bell \x07 escape \x1b[2J\x1b]0;title\x07 del \x7f c1 \x9b31m",
    "bidi \u202egnp.exe\u202c \u2066isolate\u2069 \u200f mark",
    "lines \u2028 \u2029 \x85 \x0b \x0c apart",
    "<script>alert(1)</script><img src=x onerror=alert(1)> &amp; </div>",
    "<!channel> <@U123> <https://evil.example|bank.example> *bold* _it_ `code`",
    "[link](https://evil.example) **x** # head",
    "=?utf-8?q?forged?= =?utf-8?b?Zm9yZ2Vk?=",
    "zalgo Z" + "\u0335\u0321\u0322\u0327" * 50 + " end",
    ".\n.\r\n.\nQUIT",
    "%s {0} ${HOME} $(id) `id`",
    "\ufeff\u200b\u00ad invisible",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 नमस्ते ኣማርኛ עברית",
)
