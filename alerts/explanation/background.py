"""What a message tells beside its event: what the key was about before, and its hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.explanation.key_history import NORMAL_DAYS, Headline, KeyHistory
from alerts.explanation.names import ActorNames
from alerts.explanation.new_terms import new_terms
from alerts.explanation.phrases import percent
from alerts.rules.template import Template
from schemas.alert_event import AlertEvent, Evidence
from schemas.ports.channel import HourBar
from schemas.reasons import EventKind

#: Below so many headlines a share says nothing.
_LEAST_FOR_A_SHARE = 4


@dataclass(frozen=True)
class Background:
    """``earlier``: the key's headlines of the 28 days before the window, None where they are not known. ``by_id``: what is
    known of the articles of the alert. ``hours``: counts and expectations up to the alert, oldest first. ``words``: the
    words that a rule about words looks for. ``translations``: by headline, what a machine makes of it. ``template``: what the
    rule adds to its messages. ``reach``: how long the watch had seen articles then, None where that is not known."""

    earlier: Sequence[Headline] | None = None
    by_id: Mapping[str, Headline] = field(default_factory=dict)
    hours: Sequence[HourBar] = ()
    words: Sequence[str] = ()
    translations: Mapping[str, str] = field(default_factory=dict)
    template: Template | None = None
    reach: timedelta | None = None


#: What is told where nothing is known beside the event.
NOTHING_KNOWN = Background()


def background_of(
    event: AlertEvent,
    history: KeyHistory | None,
    hours: Sequence[HourBar] = (),
    words: Sequence[str] = (),
    template: Template | None = None,
) -> Background:
    """Return the background of ``event`` from the history of its key; without one the words of the event must do."""
    if history is None or event.window is None or not event.key:
        return Background(hours=hours, words=words, template=template)
    earlier = history.earlier(event.rule, event.key, event.window.start)
    known = history.of_key(event.rule, event.key)
    reach = None if history.since is None else max(timedelta(0), event.at - history.since)
    return Background(earlier=earlier, by_id=known, hours=hours, words=words, template=template, reach=reach)


def normal_span(reach: timedelta | None) -> str:
    """Return how long the time is that words are compared with, ``28 days`` or, in a younger watch, as long as it is old."""
    if reach is None or reach >= timedelta(days=NORMAL_DAYS):
        return f"{NORMAL_DAYS} days"
    minutes = reach // timedelta(minutes=1)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def compared_with(reach: timedelta | None) -> str:
    """Return what new words are new against: ``28 days of this watch``."""
    whole = reach is None or reach >= timedelta(days=NORMAL_DAYS)
    return f"{normal_span(reach)} of this watch" + ("" if whole else ", all there is")


def terms_of(
    event: AlertEvent, evidence: Sequence[Evidence], background: Background, names: ActorNames
) -> tuple[str, ...]:
    """Return the words that are new in ``evidence``; none where it is not known what the key was about before, and none of
    what is over."""
    if background.earlier is None or event.event not in (EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED):
        return ()
    parts = [part for part in event.key.replace(">", "-").removeprefix("topic:").split("-") if part]
    watched = [word for part in parts for word in (part, names.display_name(part), names.adjective(part))]
    watched += background.words
    return new_terms([item.title for item in evidence], [h.title for h in background.earlier], known=watched)


def conflict_share(evidence: Sequence[Evidence], background: Background) -> str:
    """Return ``In conflict: 78 % of 9 articles (31 % in the 28 days before)``; empty where too little is known."""
    now = [background.by_id[item.article_id].conflict for item in evidence if item.article_id in background.by_id]
    if len(now) < _LEAST_FOR_A_SHARE:
        return ""
    before = [headline.conflict for headline in background.earlier or ()]
    usual = (
        f" ({percent(sum(before) / len(before))} in the {normal_span(background.reach)} before)"
        if len(before) >= _LEAST_FOR_A_SHARE
        else ""
    )
    return f"In conflict: {percent(sum(now) / len(now))} of {len(now)} articles{usual}"
