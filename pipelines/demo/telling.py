"""The story in plain words, line by line, for somebody who sees this for the first time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.explanation.names import ActorNames, key_name
from alerts.explanation.phrases import quantity
from pipelines.demo.story import Blindness, Outage, Rang, Story
from pipelines.demo.unrung import Bar, Unrung
from schemas.alert_event import AlertEvent
from schemas.plain_text import plain_line, plural
from schemas.reasons import EventKind, EventReason
from schemas.signal import Signal

WIDTH = 100

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class Style(StrEnum):
    """How a line stands out on a terminal; piped, all look alike."""

    HEADING = "heading"
    ALERT = "alert"
    PLAIN = "plain"
    FAINT = "faint"


@dataclass(frozen=True)
class Line:
    """One line of at most :data:`WIDTH` characters."""

    text: str = ""
    style: Style = Style.PLAIN


def told(story: Story, unrung: Unrung | None, names: ActorNames) -> Iterator[Line]:
    """Yield what rang, what did not and why, what broke, and the odd items."""
    yield Line("WHAT RANG", Style.HEADING)
    for number, rang in enumerate(story.rang, start=1):
        yield from _alert(number, rang, names)
    if not story.rang:
        yield Line("  Nothing rang.")
    if unrung is not None:
        yield Line()
        yield Line("WHAT DID NOT RING, AND WHY", Style.HEADING)
        yield from _silence(unrung, names)
    if story.outages:
        yield Line()
        yield Line("WHAT BROKE", Style.HEADING)
        yield from _breakages(story)
    if any(_odd_items(story)):
        yield Line()
        yield Line("ODD ITEMS", Style.HEADING)
        yield from (line for text in _odd_items(story) for line in wrapped(text, 2))


# -- alerts -------------------------------------------------------------------------------------------------------------


def _alert(number: int, rang: Rang, names: ActorNames) -> Iterator[Line]:
    opened = rang.opened
    name = key_name(opened.rule, opened.key, names)
    yield Line()
    yield Line(f"{number:>2}  {opened.severity.value.upper()}  {name}  ·  {day_and_time(opened.at)}", Style.ALERT)
    yield from wrapped(_counted(opened), 4)
    for item in sorted(rang.headlines, key=lambda item: item.event_time):
        headline = f"{item.event_time:%d %b %H:%M}  {plain_line(item.title)} — {plain_line(item.source.name)}"
        yield from wrapped(headline, 6, hanging=14, style=Style.FAINT)
    yield from wrapped(_life(rang), 4)
    yield Line(f"    rule {opened.rule}, alert {opened.alert_id[:12]}", Style.FAINT)


def _counted(event: AlertEvent) -> str:
    counts = event.counts
    stories = plural(counts.stories, "story", "stories")
    publishers, articles = (
        plural(counts.publishers, "publisher", "publishers"),
        plural(counts.articles, "article", "articles"),
    )
    hours = event.window.hours if event.window is not None else 0
    text = f"{stories} by {publishers} ({articles}) within {hours} hours"
    if event.detector == "spike" and event.expected is not None:
        times = f", so {quantity(event.ratio)} times as many" if event.ratio else ""
        text += f"; normal would be {quantity(event.expected)}{times}. Score {event.score:g}."
    elif event.detector == "new":
        text += "; nothing for at least as long as the rule asks before that."
    else:
        text += "; the rule asks for that many, whatever is normal."
    return text + (" Learning: normal not yet known." if event.learning else "")


def _life(rang: Rang) -> str:
    parts = []
    for event in rang.events[1:]:
        if event.event is EventKind.ESCALATED:
            hours = event.window.hours if event.window is not None else 0
            parts.append(
                f"{_when(event.at, rang.opened.at)} twice as many: {event.counts.stories} stories in {hours} hours"
            )
        elif event.event is EventKind.UPDATED:
            parts.append(f"{_when(event.at, rang.opened.at)} corrected by a late or edited article")
    ended = rang.ended
    if ended is None:
        parts.append("still open when the demonstration ends")
    else:
        lasted = _length(ended.at - rang.opened.at)
        why = "back to normal" if ended.reason is EventReason.BACK_TO_NORMAL else "its evidence is gone"
        parts.append(f"over on {day_and_time(ended.at)} after {lasted}: {why}")
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


# -- silence ------------------------------------------------------------------------------------------------------------


def _silence(unrung: Unrung, names: ActorNames) -> Iterator[Line]:
    name = key_name(unrung.rule, unrung.key, names)
    counts = unrung.counts
    yield Line()
    yield Line(f"    {name}  ·  {day_and_time(unrung.end)}", Style.ALERT)
    yield from wrapped(
        f"{plural(counts.articles, 'article', 'articles')} by {plural(counts.publishers, 'publisher', 'publishers')}"
        f" within {unrung.window_h} hours, where {quantity(unrung.expected)} stories would be normal. Yet rule"
        f" {unrung.rule} kept silent:",
        4,
    )
    for bar in unrung.bars:
        yield Line(f"      {_bar(bar)}", Style.FAINT if not bar.held else Style.PLAIN)
    if unrung.mere_copies:
        first = unrung.evidence[0]
        yield from wrapped(
            f"{plural(unrung.mere_copies, 'article is a copy', 'articles are copies')} of what had been told:"
            f" “{plain_line(first.title)}”, first by {plain_line(first.source.name)} at {first.event_time:%H:%M}. A text"
            " on many sites is one story, counted once.",
            4,
        )


def _bar(bar: Bar) -> str:
    sign = "✗" if bar.held else "✓"
    return f"{sign} {bar.name:<22} {quantity(bar.was):>6}   needed {quantity(bar.needed)}"


# -- breakages ----------------------------------------------------------------------------------------------------------


def _breakages(story: Story) -> Iterator[Line]:
    together = {feed for blind in story.blind for feed in blind.feeds}
    for outage in story.outages:
        if not any(_within(outage, blind) for blind in story.blind):
            yield from wrapped(_broken(outage), 2)
    for blind in story.blind:
        of_it = [outage for outage in story.outages if _within(outage, blind)]
        yield from wrapped(_went_blind(blind, of_it, len(together)), 2)


def _within(outage: Outage, blind: Blindness) -> bool:
    return (
        outage.feed in blind.feeds
        and outage.began <= blind.began
        and (outage.back is None or outage.back >= blind.began)
    )


def _broken(outage: Outage) -> str:
    if outage.back is None:
        return f"{outage.name}: broken since {day_and_time(outage.began)}, {outage.failed} polls failed."
    text = (
        f"{outage.name} was broken from {day_and_time(outage.began)} to {day_and_time(outage.back)}: {outage.failed} polls"
        " failed, first with an error of the server, then with a document that broke off. Meanwhile less was expected of"
        " the world, so that its silence neither rang nor passed for calm."
    )
    return text + _caught_up([outage])


def _caught_up(outages: Sequence[Outage]) -> str:
    items = plural(sum(outage.caught_up for outage in outages), "item", "items")
    documents = "The first whole document" if len(outages) == 1 else "The first whole documents"
    whole = all(outage.closed for outage in outages)
    reach = "reached back over the gap: nothing is missing" if whole else "did not reach back over the whole gap"
    return f" {documents} then brought {items} and {reach}."


def _went_blind(blind: Blindness, outages: Sequence[Outage], feeds: int) -> str:
    until = f"until {day_and_time(blind.ended)}" if blind.ended is not None else "to the end"
    return (
        f"{feeds} feeds failed together. From {day_and_time(blind.began)} {until} only {100 * blind.coverage:.0f} % could be"
        f" seen, and all {blind.rules} rules said so: blind is not quiet, and nothing is resolved while blind."
        + _caught_up(outages)
    )


# -- odd items ----------------------------------------------------------------------------------------------------------


def _odd_items(story: Story) -> Iterator[str]:
    odd = story.oddities
    for signal in odd.late:
        delay = _length(signal.observed_at - signal.event_time)
        yield f"Late: {_item(signal)} came {delay} after its date and was counted in the hour of its date."
    for signal in odd.edited:
        yield f"Edited: {_item(signal)} is its second wording; it stayed one article, and the evidence shows what rang."
    for signal in odd.undated:
        yield f"Undated: {_item(signal)} was given the time at which it was first seen."
    for signal in odd.from_the_future:
        yield f"Dated in the future: {_item(signal)} was given the time at which it was first seen."


def _item(signal: Signal) -> str:
    return f"“{plain_line(signal.title)}” ({plain_line(signal.source.name)})"


# -- words --------------------------------------------------------------------------------------------------------------


def day_and_time(moment: datetime) -> str:
    """Return ``25 December 2024, 09:00 UTC``."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def _when(moment: datetime, since: datetime) -> str:
    if moment.date() == since.date():
        return f"at {moment:%H:%M}"
    return f"on {moment.day} {_MONTHS[moment.month - 1]} at {moment:%H:%M}"


def _length(length: timedelta) -> str:
    hours = round(length.total_seconds() / 3600)
    days, rest = divmod(hours, 24)
    parts = [plural(days, "day", "days")] if days else []
    parts += [plural(rest, "hour", "hours")] if rest or not days else []
    return " and ".join(parts)


def wrapped(text: str, indent: int, *, hanging: int = 0, style: Style = Style.PLAIN) -> Iterator[Line]:
    """Yield ``text`` in lines that begin at ``indent``, those after the first further in by ``hanging``."""
    blank = " " * indent
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=blank,
        subsequent_indent=blank + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (Line(line, style) for line in lines)
