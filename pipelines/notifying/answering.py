"""What a person answers to an alert → what is kept of it: an acknowledgement, a silence. Pure.

The command line, buttons of a chat and the web page all come through here, so that an answer means the same everywhere.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta

from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.plain_text import plural
from schemas.ports.response import Acknowledgement, Silence

#: No silence is longer: who wants more changes the rule.
LONGEST_SILENCE = timedelta(days=90)

_WORDS = 500
_NAME = 80


def acknowledgement_of(event: AlertEvent, *, author: str, now: datetime, comment: str = "") -> Acknowledgement:
    """Return that ``author`` cares for the alert of ``event``."""
    return Acknowledgement(alert_id=event.alert_id, at=now, author=author[:_NAME], comment=comment[:_WORDS])


def silence_for(
    event: AlertEvent | None,
    *,
    author: str,
    now: datetime,
    comment: str = "",
    rule: str = "",
    key: str = "",
    ends_at: datetime | None = None,
    until_doubles: bool = False,
    articles: Collection[str] = (),
) -> Silence:
    """Return a silence about the alert of ``event``, or about ``rule`` and ``key`` where there is none.

    ``until_doubles`` needs the event: twice its count ends the silence. ``articles``: only their story is silenced, for the
    rule and key of the event, so that another story under the same key rings.

    :raises ValueError: it would end in the past, last over 90 days, or has nothing to double.
    """
    if ends_at is not None and not now < ends_at <= now + LONGEST_SILENCE:
        raise ValueError("a silence ends in the future, within 90 days")
    if until_doubles and (event is None or not event.counts.stories):
        raise ValueError("only an alert that counted something can double")
    about_story = bool(articles) and event is not None
    if event is not None and about_story:
        rule, key = event.rule, event.key
    alert = event.alert_id if event is not None and not about_story else ""
    return Silence(
        silence_id="s" + digest("silence", author, now.isoformat(), alert, rule, key, length=8),
        created_at=now,
        author=author[:_NAME],
        comment=comment[:_WORDS],
        alert_id=alert,
        rule="" if alert else rule,
        key="" if alert else key,
        ends_at=ends_at,
        until_stories=2 * event.counts.stories if event is not None and until_doubles else None,
        articles=tuple(sorted(articles)) if about_story else (),
    )


def next_time(clock: time, now: datetime) -> datetime:
    """Return the next moment after ``now`` at which a clock in the zone of ``now`` shows ``clock``."""
    at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)


def silence_words(silence: Silence, now: datetime) -> str:
    """Return ``s3f2a9c1b alert 3f9c1a7be0d2 until it counts 18 stories, by ann: known`` in one line."""
    about = f"alert {silence.alert_id[:12]}" if silence.alert_id else f"rule {silence.rule} {silence.key}".rstrip()
    if silence.articles:
        about += f", the stories of {plural(len(silence.articles), 'article')}"
    ends = []
    if silence.ends_at is not None:
        ends.append(f"until {silence.ends_at:%Y-%m-%d %H:%M} UTC")
    if silence.until_stories is not None:
        ends.append(f"until it counts {plural(silence.until_stories, 'story', 'stories')}")
    state = ""
    if silence.lifted_at is not None:
        state = f", lifted {silence.lifted_at:%Y-%m-%d %H:%M} UTC by {silence.lifted_by}"
    elif not silence.in_force(now):
        state = ", over"
    comment = f": {silence.comment}" if silence.comment else ""
    about = " ".join(filter(None, (about, " and ".join(ends))))
    return f"{silence.silence_id} {about}, by {silence.author}{comment}{state}"
