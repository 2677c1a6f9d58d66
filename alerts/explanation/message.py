"""An event of the ledger and its evidence → the message people get. Pure: the same event, the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.explanation.background import NOTHING_KNOWN, Background, compared_with, conflict_share, terms_of
from alerts.explanation.carriers import carried_by, headlines, kind_words, safe_link
from alerts.explanation.filling import filled_for
from alerts.explanation.foreign import foreign_line, translated_line
from alerts.explanation.hour_bars import bars_line
from alerts.explanation.names import ActorNames, is_of_words, key_name
from alerts.explanation.phrases import (
    HAPPENED,
    LEARNING_MARK,
    because,
    counted,
    moment,
    percent,
    quantity,
    says_learning,
)
from alerts.explanation.subject import subject_of
from schemas.alert_event import AlertEvent, Evidence
from schemas.plain_text import plain_line, shortened
from schemas.ports.channel import Message

#: Limits of what comes from outside, in characters; a channel may allow less and cuts further.
_TITLE_LIMIT = 200
_KEY_LIMIT = 120
_FEEDS_SHOWN = 10
_ALSO_SHOWN = 10


def alert_message(
    event: AlertEvent,
    evidence: Sequence[Evidence],
    names: ActorNames,
    *,
    message_id: str,
    background: Background = NOTHING_KNOWN,
    page: str | None = None,
    also: Sequence[AlertEvent] = (),
) -> Message:
    """Return the message of ``event``. ``evidence`` is what is left of its evidence, in any order; erased texts are
    missing. ``page`` is the address of the web page for links; ``also`` are weaker alerts on mostly the same articles, which
    are told nowhere else. All messages of an alert share a thread, and so do those of
    a rule."""
    shown = headlines(evidence)
    terms = terms_of(event, evidence, background, names)
    link = alert_link(page, event.alert_id)
    told = _Telling(event, evidence, shown, names, background, terms, link, also)
    return Message(
        message_id=message_id,
        thread_id=event.alert_id or f"rule-{event.rule}",
        severity=event.severity,
        subject=_subject(event, names, terms, background),
        body="\n\n".join("\n".join(lines) for lines in _paragraphs(told) if lines),
        event=event,
        evidence=(*shown, *(item for item in evidence if item not in shown)),
        new_terms=terms,
        hours=tuple(background.hours),
        link=link,
    )


def _subject(event: AlertEvent, names: ActorNames, terms: Sequence[str], background: Background) -> str:
    """Return the subject: the rule's own where it has one and the event is about a key."""
    template = background.template
    own = ""
    if template is not None and template.subject and event.key:
        own = filled_for(template.subject, event, names, terms, background.words)
    return subject_of(event, names, terms, background.words, own=own)


def alert_link(page: str | None, alert_id: str) -> str | None:
    """Return the address of an alert on the web page at ``page``; None where there is no page or no alert."""
    return f"{page.rstrip('/')}/alerts/{alert_id}" if page and alert_id else None


@dataclass(frozen=True)
class _Telling:
    event: AlertEvent
    evidence: Sequence[Evidence]
    shown: Sequence[Evidence]
    names: ActorNames
    background: Background
    terms: Sequence[str]
    link: str | None
    also: Sequence[AlertEvent]


def _paragraphs(told: _Telling) -> Iterator[list[str]]:
    event = told.event
    happened = [f"{HAPPENED[event.event]}: {because(event)}."]
    if event.detail:
        happened.append(plain_line(event.detail, _TITLE_LIMIT))
    if told.terms:
        terms = ", ".join(plain_line(term, 40) for term in told.terms)
        happened.insert(0, f"New: {terms} (against {compared_with(told.background.reach)})")
    yield happened
    if told.background.template is not None and told.background.template.note:
        yield [filled_for(told.background.template.note, event, told.names, told.terms, told.background.words)]
    yield [line for item in told.shown for line in _headline_with_words(item, told)]
    yield list(_who_and_when(told))
    yield list(_also(told))
    yield list(_sight(event))
    yield [*_watched(told), *_figures(event), *filter(None, [bars_line(told.background.hours)])]
    yield list(_origin(told))


def _headline_with_words(item: Evidence, told: _Telling) -> Iterator[str]:
    lines = list(headline_lines(item))
    about = foreign_line(told.background.by_id.get(item.article_id), item.title, item.excerpt, told.names)
    translated = translated_line(told.background.translations.get(plain_line(item.title), ""))
    yield from [lines[0], *(f"  {line}" for line in (translated, about) if line), *lines[1:]]


def _also(told: _Telling) -> Iterator[str]:
    if told.also:
        yield "The same stories rang as well under"
    for event in told.also[:_ALSO_SHOWN]:
        yield f"• {subject_of(event, told.names)} [tocsin alerts show {event.alert_id}]"
    if len(told.also) > _ALSO_SHOWN:
        yield f"… and {len(told.also) - _ALSO_SHOWN} more: tocsin alerts list"


def _who_and_when(told: _Telling) -> Iterator[str]:
    if not told.evidence:
        return
    yield f"Carried by {carried_by(told.evidence, told.names)}"
    share = conflict_share(told.evidence, told.background)
    if share:
        yield share
    first = min(told.evidence, key=lambda e: (e.event_time, e.article_id))
    yield f"First seen: {moment(first.event_time)} by {plain_line(first.source.name or first.source.id, 80)}"


def _watched(told: _Telling) -> Iterator[str]:
    event = told.event
    if event.key:
        name = key_name(event.rule, event.key, told.names, told.background.words)
        key = plain_line(event.key, _KEY_LIMIT)
        name = shortened(name, _KEY_LIMIT)
        raw = name == key or is_of_words(event.key)
        yield f"Watched: {name}" if raw else f"Watched: {name} ({key})"


def _origin(told: _Telling) -> Iterator[str]:
    event = told.event
    if told.link:
        yield f"Page: {told.link}"
    yield f"Rule: {plain_line(event.rule)}{_labels(event)}"
    if event.alert_id:
        yield f"Alert: {event.alert_id}, event {event.seq} of its rule, {moment(event.at)}"
        yield f"More: tocsin alerts show {event.alert_id}"
    else:
        yield f"Event {event.seq} of the rule, {moment(event.at)}"
        yield "More: tocsin status"


def _figures(event: AlertEvent) -> Iterator[str]:
    if event.window is not None:
        yield (
            f"Counted: {counted(event.counts, articles=True)} in the {event.window.hours} h to {moment(event.window.end)}"
        )
        if event.expected is not None:
            ratio = f", {quantity(event.ratio)} times as many" if event.ratio is not None and event.ratio >= 1 else ""
            score = f"; score {event.score:g}" if event.score is not None else ""
            yield f"Expected: {quantity(event.expected)}{ratio}{score}{f' ({event.detector})' if event.detector else ''}"
        elif event.detector:
            yield f"Found by: {plain_line(event.detector)}"
    if says_learning(event):
        yield LEARNING_MARK.capitalize()


def headline_lines(item: Evidence) -> Iterator[str]:
    """Yield a headline with publisher and time, and its link on a line of its own where it is an http(s) address."""
    title = plain_line(item.title or item.excerpt, _TITLE_LIMIT) or "(no title)"
    publisher = plain_line(item.source.name or item.source.id, 80)
    about = filter(None, (plain_line(item.source.country or "", 20), kind_words(item.source)))
    yield f"• {title} — {', '.join((publisher, *about))}, {moment(item.event_time)}"
    link = safe_link(item.url)
    if link is not None:
        yield f"  {link}"


def _sight(event: AlertEvent) -> Iterator[str]:
    if event.blind_feeds:
        yield f"Blind feeds: {_feeds(event.blind_feeds)}"
    if event.coverage is not None:
        yield f"Coverage: {percent(event.coverage)} of what is usually seen"
    if event.feeds_changed:
        yield f"Feeds that changed within 14 days: {_feeds(event.feeds_changed)}"
    if len(event.extractor_versions) > 1:
        yield f"Extraction changed within 14 days: {' → '.join(v[:12] for v in event.extractor_versions)}"


def _feeds(feeds: Sequence[str]) -> str:
    more = len(feeds) - _FEEDS_SHOWN
    shown = ", ".join(plain_line(feed, 80) for feed in feeds[:_FEEDS_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _labels(event: AlertEvent) -> str:
    if not event.labels:
        return ""
    return " · " + ", ".join(plain_line(f"{name}={value}", 80) for name, value in sorted(event.labels.items()))
