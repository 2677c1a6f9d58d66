"""Every kind of event in words, compared with files a person has read: subject, blank line, body.

After a wanted change run this module as a script from the root of the project, and read the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.explanation.background import Background
from alerts.explanation.joining_note import joining_message
from alerts.explanation.key_history import Headline
from alerts.explanation.message import alert_message
from alerts.explanation.names import NamesById
from alerts.explanation.service_note import (
    acknowledged_note,
    all_quiet_note,
    dead_delivery_note,
    ended_note,
    enough_room_note,
    little_room_note,
    message_for_test,
    reached_again_note,
    unreached_note,
)
from alerts.explanation.subject import SUBJECT_LIMIT
from alerts.explanation.while_away import several_message, while_away_message
from pipelines.notifying.answer_links import AnswerLinks
from schemas.alert_event import AlertEvent, Counts, Evidence, Window
from schemas.article import Source
from schemas.plain_text import plain_text
from schemas.ports.channel import HourBar, Message
from schemas.ports.response import Acknowledgement
from schemas.reasons import DeliveryReason, EventKind, EventReason, Severity, SourceKind

GOLDEN = Path(__file__).with_name("golden")
NAMES = NamesById(
    {"AZE": "Azerbaijan", "RUS": "Russia", "GBR": "United Kingdom"},
    {"AZE": "Azerbaijani", "RUS": "Russian", "GBR": "British"},
)
AT = datetime(2025, 6, 28, 14, 20, tzinfo=UTC)
HOUR = AT.replace(minute=0)


def crossing(event: EventKind, reason: EventReason, **changes: object) -> AlertEvent:
    """Return an event of an alert on a pair."""
    values: dict[str, object] = {
        "alert_id": "3f9c1a7be0d24c55a1b2c3d4",
        "seq": 12,
        "event": event,
        "reason": reason,
        "rule": "azerbaijan-russia",
        "key": "AZE-RUS",
        "severity": Severity.HIGH,
        "labels": {"desk": "caucasus"},
        "at": AT,
        "crossing": HOUR,
        "detector": "spike",
        "window": Window(start=HOUR - timedelta(hours=5), end=HOUR + timedelta(hours=1), hours=6),
        "counts": Counts(stories=9, publishers=6, articles=14),
        "expected": 1.1,
        "ratio": 8.18,
        "score": 5.124,
        "coverage": 1.0,
    }
    return AlertEvent.model_validate({**values, **changes})


def of_rule(event: EventKind, reason: EventReason, **changes: object) -> AlertEvent:
    """Return an event of a rule."""
    values: dict[str, object] = {"seq": 3, "event": event, "reason": reason, "rule": "azerbaijan-russia", "at": AT}
    return AlertEvent.model_validate({**values, **changes})


def article(number: int, source: Source, title: str, story: int, *, url: str | None = None) -> Evidence:
    """Return an article of ``source`` in ``story``."""
    return Evidence(
        article_id=f"{number:032x}",
        revision=1,
        source=source,
        url=url if url is not None else f"https://{source.id}.example/{number}",
        title=title,
        event_time=HOUR - timedelta(minutes=20 * number),
        story=f"{story:032x}",
    )


BAKU_DAILY = Source(id="baku-daily", name="Baku Daily", country="AZE")
STATE_WIRE = Source(id="state-wire", name="State Wire", country="RUS", group="state-media", kind=SourceKind.STATE)
STATE_RADIO = Source(id="state-radio", name="State Radio", country="RUS", group="state-media", kind=SourceKind.STATE)
LONDON_POST = Source(id="london-post", name="London Post", country="GBR", kind=SourceKind.PRIVATE)
BLOG = Source(id="blog")

EVIDENCE = (
    article(1, STATE_WIRE, "Police in Yekaterinburg detain several men", 1),
    article(2, STATE_RADIO, "Police in Yekaterinburg detain several men, one dies", 1),
    article(3, BAKU_DAILY, "Baku protests over detentions in Yekaterinburg", 3),
    article(4, LONDON_POST, "Azerbaijan summons Russian envoy", 4),
    article(5, BLOG, "What happened in Yekaterinburg", 1, url="javascript:alert(1)"),
)

EVENTS: dict[str, tuple[AlertEvent, tuple[Evidence, ...]]] = {
    "opened": (crossing(EventKind.OPENED, EventReason.CROSSED), EVIDENCE),
    "opened-learning": (
        crossing(EventKind.OPENED, EventReason.LEARNING, learning=True, score=3.2, coverage=0.97),
        EVIDENCE[:2],
    ),
    "opened-at-activation": (crossing(EventKind.OPENED, EventReason.AT_ACTIVATION), ()),
    "opened-threshold": (
        crossing(
            EventKind.OPENED,
            EventReason.CROSSED,
            detector="threshold",
            key="TOTALENERGIES>AZE",
            severity=Severity.NORMAL,
            labels={},
            expected=None,
            ratio=None,
            score=None,
            counts=Counts(stories=1, publishers=1, articles=1),
            window=Window(start=HOUR - timedelta(hours=23), end=HOUR + timedelta(hours=1), hours=24),
        ),
        EVIDENCE[3:4],
    ),
    "opened-new": (
        crossing(
            EventKind.OPENED,
            EventReason.CROSSED,
            detector="new",
            key="GBR-JPN",
            expected=None,
            ratio=None,
            score=None,
            counts=Counts(stories=2, publishers=2, articles=3),
            window=Window(start=HOUR - timedelta(hours=47), end=HOUR + timedelta(hours=1), hours=48),
        ),
        EVIDENCE[2:4],
    ),
    "opened-keywords": (
        crossing(EventKind.OPENED, EventReason.CROSSED, rule="zangezur-corridor", key="keyword:zangezur-corridor"),
        EVIDENCE[3:4],
    ),
    "opened-topic": (crossing(EventKind.OPENED, EventReason.CROSSED, key="topic:trade_economy"), ()),
    "escalated": (
        crossing(
            EventKind.ESCALATED,
            EventReason.TWICE_AS_MANY,
            seq=13,
            counts=Counts(stories=18, publishers=11, articles=40),
            ratio=16.4,
            blind_feeds=("baku-daily", "blog"),
            coverage=0.82,
            feeds_changed=("blog",),
            extractor_versions=("1f2e3d4c5b6a7988", "99aabbccddeeff00"),
        ),
        EVIDENCE,
    ),
    "escalated-graver": (
        crossing(EventKind.ESCALATED, EventReason.GRAVER, severity=Severity.CRITICAL, detail="critical is reached"),
        EVIDENCE[:1],
    ),
    "opened-schedule-began": (
        crossing(EventKind.OPENED, EventReason.SCHEDULE_BEGAN, detail="has lasted 3 h"),
        EVIDENCE[:1],
    ),
    "opened-cooldown-ended": (
        crossing(EventKind.OPENED, EventReason.COOLDOWN_ENDED, detail="4 crossings during the cool-down before it"),
        EVIDENCE[:1],
    ),
    "pending": (
        crossing(EventKind.PENDING, EventReason.CROSSED, alert_id="", detail="must last 3 h more"),
        EVIDENCE[:1],
    ),
    "subsided": (crossing(EventKind.SUBSIDED, EventReason.NOT_LONG_ENOUGH, alert_id=""), ()),
    "subsided-outside": (crossing(EventKind.SUBSIDED, EventReason.OUTSIDE_SCHEDULE, alert_id=""), ()),
    "reminded": (
        crossing(EventKind.REMINDED, EventReason.STILL_OPEN, seq=14, detail="open for 12 h"),
        EVIDENCE[:2],
    ),
    "updated": (
        crossing(
            EventKind.UPDATED, EventReason.EVIDENCE_CHANGED, seq=14, detail="2 stories fewer than at the last message"
        ),
        EVIDENCE[:3],
    ),
    "updated-late": (
        crossing(EventKind.UPDATED, EventReason.LATE_EVIDENCE, seq=14, detail="7 stories, 5 publishers before"),
        EVIDENCE[:3],
    ),
    "resolved": (
        crossing(
            EventKind.RESOLVED,
            EventReason.BACK_TO_NORMAL,
            seq=15,
            counts=Counts(stories=1, publishers=1, articles=1),
            ratio=0.909,
            score=0.02,
        ),
        (),
    ),
    "resolved-into-the-shadow": (crossing(EventKind.RESOLVED, EventReason.INTO_THE_SHADOW, seq=15), ()),
    "retracted": (
        crossing(
            EventKind.RETRACTED, EventReason.EVIDENCE_GONE, seq=16, counts=Counts(stories=2, publishers=2, articles=2)
        ),
        (),
    ),
    "blind-alert": (
        crossing(EventKind.BLIND, EventReason.COVERAGE_LOST, coverage=0.4, blind_feeds=("state-wire", "baku-daily")),
        (),
    ),
    "blind-rule": (
        of_rule(EventKind.BLIND, EventReason.COVERAGE_LOST, coverage=0.333, blind_feeds=("state-wire",)),
        (),
    ),
    "sighted-rule": (of_rule(EventKind.SIGHTED, EventReason.COVERAGE_BACK, coverage=1.0), ()),
    "rule-ready": (of_rule(EventKind.RULE_READY, EventReason.WARMED, detail="knows 35.0 days of history"), ()),
    "rule-removed": (of_rule(EventKind.RULE_REMOVED, EventReason.RULE_REMOVED), ()),
    "overflow-keys": (
        of_rule(EventKind.OVERFLOW, EventReason.TOO_MANY_KEYS, detail="more than 10000 keys; new ones are not counted"),
        (),
    ),
    "overflow-open": (of_rule(EventKind.OVERFLOW, EventReason.TOO_MANY_OPEN, detail="more than 50 open alerts"), ()),
    "engine-changed": (of_rule(EventKind.ENGINE_CHANGED, EventReason.ENGINE_CHANGED), ()),
    "extractor-changed": (of_rule(EventKind.EXTRACTOR_CHANGED, EventReason.EXTRACTOR_CHANGED), ()),
    "hostile": (
        crossing(
            EventKind.OPENED,
            EventReason.CROSSED,
            rule="a-rule-with-quite-a-long-name-that-somebody-thought-would-be-helpful-in-every-situation",
            key="no\u202epair\nat all " + "x" * 200,
            blind_feeds=tuple(f"feed-{i}\x1b[2J" for i in range(25)),
        ),
        (
            article(
                9, Source(id="evil", name="Evil\nNews\u202e"), "First\r\nSubject: second \x1b[31m<b>" + "y" * 500, 9
            ),
        ),
    ),
}


def headline(number: int, title: str, *, language: str = "en", conflict: bool = False, days: float = 0.0) -> Headline:
    """Return an article as the history of the key knows it."""
    at = HOUR - timedelta(days=days, minutes=20 * number)
    return Headline(f"{number:032x}", at, at, title, language, conflict, ("AZE", "RUS"), ("detention",))


#: What the pair was about before, what is known of the articles, two days of hours.
BACKGROUND = Background(
    earlier=[
        headline(100 + n, title, days=1 + n / 2, conflict=n % 5 == 0)
        for n, title in enumerate(
            ["Azerbaijan and Russia discuss trade", "Baku hosts Russian envoy", "Russia buys fruit from Azerbaijan"] * 7
        )
    ],
    by_id={item.article_id: headline(n, item.title, conflict=n != 4) for n, item in enumerate(EVIDENCE, start=1)},
    hours=[
        HourBar(start=HOUR - timedelta(hours=47 - n), count=max(0, n - 43) + (n % 17 == 0), expected=0.18)
        for n in range(48)
    ],
)
RUSSIAN = article(1, STATE_WIRE, "В Екатеринбурге задержаны азербайджанцы", 1).model_copy(
    update={"excerpt": "Полиция Екатеринбурга задержала граждан Азербайджана."}
)


def _with_background(name: str) -> Message:
    event, evidence = EVENTS[name]
    message = alert_message(
        event, evidence, NAMES, message_id="msg_1", background=BACKGROUND, page="https://tocsin.example/"
    )
    links = AnswerLinks(b"a key for tests, and nothing else", "https://tocsin.example/")
    return message.model_copy(update={"answers": links.of(event, "desk", AT)})


def _in_russian(translation: str = "") -> Message:
    known = Background(
        by_id={RUSSIAN.article_id: headline(1, RUSSIAN.title, language="ru")}, translations={RUSSIAN.title: translation}
    )
    return alert_message(EVENTS["opened"][0], (RUSSIAN,), NAMES, message_id="msg_1", background=known)


def _with_words() -> Message:
    event, evidence = EVENTS["opened-keywords"]
    known = Background(words=("“Zangezur corridor”", "“TRIPP”"))
    return alert_message(event, evidence, NAMES, message_id="msg_1", background=known)


def _alert(name: str) -> Message:
    event, evidence = EVENTS[name]
    return alert_message(event, evidence, NAMES, message_id="msg_1")


def _while_away() -> Message:
    later = EVENTS["blind-rule"][0].changed(at=AT + timedelta(hours=2))
    events = [later, *(EVENTS[name][0] for name in ("opened-threshold", "escalated"))]
    return while_away_message(events, NAMES, message_id="away_1")


def _several(because: DeliveryReason) -> Message:
    events = [EVENTS[name][0] for name in ("opened-threshold", "escalated")]
    return several_message(events, NAMES, message_id="held_1", because=because)


def _same_stories() -> Message:
    event, evidence = EVENTS["opened"]
    weaker = [event.changed(key=f"AZE-{other}", score=3.0) for other in ("TUR", "GBR")]
    return alert_message(event, evidence, NAMES, message_id="msg_1", also=weaker)


def _joining() -> Message:
    opening = EVENTS["opened"][0].changed(
        alert_id="0123456789abcdef01234567", key="AZE-TUR", at=AT - timedelta(minutes=7)
    )
    return joining_message(_alert("opened"), opening, opening.alert_id, NAMES)


MESSAGES: dict[str, Callable[[], Message]] = {
    **{name: (lambda name=name: _alert(name)) for name in EVENTS},  # type: ignore[misc]  # mypy takes the default for an argument
    "opened-with-background": lambda: _with_background("opened"),
    "escalated-with-background": lambda: _with_background("escalated"),
    "opened-in-russian": _in_russian,
    "opened-translated": lambda: _in_russian("Azerbaijanis detained\nin \u202eYekaterinburg"),
    "opened-keywords-with-words": _with_words,
    "opened-same-stories": _same_stories,
    "opened-joining": _joining,
    "while-away": _while_away,
    "quiet-hours": lambda: _several(DeliveryReason.QUIET_HOURS),
    "over-the-limit": lambda: _several(DeliveryReason.TOO_MANY),
    "group": lambda: _several(DeliveryReason.GROUP_WAIT),
    "acknowledged": lambda: acknowledged_note(
        EVENTS["opened"][0], Acknowledgement(alert_id="3f9c1a7be0d24c55a1b2c3d4", at=AT, author="ann", comment="on it")
    ),
    "all-quiet": lambda: all_quiet_note(since=AT - timedelta(days=1), engine_time=AT, rang=2, receiver="desk-mail"),
    "not-delivered": lambda: dead_delivery_note("desk-mail", _alert("opened"), "refused: the mail server answered 550"),
    "unreached": lambda: unreached_note("phone", _alert("opened"), "HTTP 503", since=AT - timedelta(minutes=7), now=AT),
    "reached-again": lambda: reached_again_note("phone", since=AT - timedelta(minutes=7), now=AT),
    "ended": lambda: ended_note(
        "decide: the ledger belongs to log 01J8 and not to 01J9\n  → name the log of the ledger in tocsin.toml",
        folder="/srv/desk",
        now=AT,
    ),
    "little-room": lambda: little_room_note(1_200_000_000, 700_000_000.0, occasion="room"),
    "room-again": lambda: enough_room_note(9_000_000_000, thread="room"),
    "test": lambda: message_for_test("desk-mail", occasion="2025-06-28"),
}


def rendered(message: Message) -> str:
    """Return what the golden files hold."""
    return f"{message.subject}\n\n{message.body}\n"


@pytest.mark.parametrize("name", MESSAGES)
def test_message_equals_its_golden_file(name: str) -> None:
    assert rendered(MESSAGES[name]()) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_there_is_no_golden_file_of_nothing() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(MESSAGES)


def test_every_kind_of_event_and_every_reason_has_a_golden_file() -> None:
    shown = [event for event, _ in EVENTS.values()]
    assert {event.event for event in shown} == set(EventKind)
    assert {event.reason for event in shown} == set(EventReason)


@pytest.mark.parametrize("name", MESSAGES)
def test_subjects_are_short_and_plain(name: str) -> None:
    message = MESSAGES[name]()
    assert 0 < len(message.subject) <= SUBJECT_LIMIT
    assert message.subject == plain_text(message.subject).strip()
    assert "\n" not in message.subject
    assert message.body == plain_text(message.body)


def test_the_same_event_has_the_same_words_whatever_the_order_of_its_evidence() -> None:
    event, evidence = EVENTS["opened"]
    backwards = alert_message(event, tuple(reversed(evidence)), NAMES, message_id="msg_1")
    assert rendered(backwards) == rendered(_alert("opened"))


def test_learning_is_said_in_subject_and_body() -> None:
    message = _alert("opened-learning")
    assert message.subject.endswith("learning: normal not yet known")
    assert "Learning: normal not yet known" in message.body


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, make in MESSAGES.items():
        (GOLDEN / f"{each}.txt").write_text(rendered(make()), encoding="utf-8")
