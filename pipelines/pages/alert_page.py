"""One alert as its page shows it: numbers, evidence by story with who carries it, the life, the deliveries. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.chain import significant
from alerts.explanation.carriers import carried_by
from alerts.explanation.names import ActorNames, key_name
from alerts.explanation.phrases import HAPPENED, because, counted, quantity
from alerts.explanation.subject import subject_of
from alerts.telling import MAX_EVIDENCE
from pipelines.pages.ledger_view import AlertLife
from schemas.alert_event import AlertEvent, Evidence
from schemas.ids import hour_of
from schemas.ports.store import Delivery


@dataclass(frozen=True)
class Story:
    """One story: the article that began it, and every article of it in order of time."""

    lead: Evidence
    articles: tuple[Evidence, ...]

    @property
    def publishers(self) -> tuple[str, ...]:
        """Return who carries it, each once."""
        return tuple(dict.fromkeys(item.source.name or item.source.id for item in self.articles))


@dataclass(frozen=True)
class Step:
    """One event of the life in words."""

    event: AlertEvent
    happened: str
    why: str


@dataclass(frozen=True)
class AlertPage:
    """Everything the page says."""

    life: AlertLife
    name: str
    subject: str
    sentences: tuple[str, ...]
    stories: tuple[Story, ...]
    carried: str
    left_out: str
    erased: int
    steps: tuple[Step, ...]
    deliveries: Sequence[Delivery]


def alert_page(
    life: AlertLife, evidence: Mapping[str, Evidence], deliveries: Sequence[Delivery], names: ActorNames
) -> AlertPage:
    """Return the page of ``life``; ``evidence`` is what is left of it in the store, by hash."""
    hashes = list(dict.fromkeys(name for event in life.events for name in event.evidence))
    texts = _newest_revisions([evidence[name] for name in hashes if name in evidence])
    told = life.strongest
    return AlertPage(
        life=life,
        name=key_name(life.first.rule, life.first.key, names),
        subject=subject_of(life.last, names),
        sentences=tuple(in_words(told, life)),
        stories=stories_of(texts),
        carried=carried_by(texts, names),
        left_out=left_out(told),
        erased=len(hashes) - sum(name in evidence for name in hashes),
        steps=tuple(Step(event, HAPPENED[event.event], because(event)) for event in life.events),
        deliveries=deliveries,
    )


def left_out(event: AlertEvent) -> str:
    """Return that ``event`` counted more articles than it names as evidence; empty where it names them all."""
    counted_articles, named = event.counts.articles, len(event.evidence)
    if counted_articles <= named or named < MAX_EVIDENCE:
        return ""
    return (
        f"At {event.at:%Y-%m-%d %H:%M} UTC {counted_articles:,} articles were counted. An event names {MAX_EVIDENCE} of"
        " them at most, one of each story first."
    )


def _newest_revisions(texts: Sequence[Evidence]) -> list[Evidence]:
    """An article edited during an alert is evidence once, as it reads now."""
    newest: dict[str, Evidence] = {}
    for item in texts:
        if item.article_id not in newest or newest[item.article_id].revision <= item.revision:
            newest[item.article_id] = item
    return sorted(newest.values(), key=lambda e: (e.event_time, e.article_id))


def stories_of(texts: Sequence[Evidence]) -> tuple[Story, ...]:
    """Return the stories in ``texts``, the widest carried first, then oldest first."""
    by_story: dict[str, list[Evidence]] = defaultdict(list)
    for item in texts:
        by_story[item.story].append(item)
    stories = []
    for items in by_story.values():
        ordered = sorted(items, key=lambda e: (e.event_time, e.article_id))
        lead = next((item for item in ordered if item.article_id == item.story), ordered[0])
        stories.append(Story(lead, tuple(ordered)))
    return tuple(sorted(stories, key=lambda s: (-len(s.publishers), s.lead.event_time, s.lead.article_id)))


def in_words(event: AlertEvent, life: AlertLife) -> list[str]:
    """Return why it rang, as sentences a person can check against the numbers."""
    if event.window is None:
        return [f"{HAPPENED[event.event]}: {because(event)}."]
    said = [f"{counted(event.counts, articles=True)} in {event.window.hours} hours."]
    if event.expected is not None:
        times = f", so this is {quantity(event.ratio)} times as many" if event.ratio and event.ratio >= 1 else ""
        said.append(f"Normal for these hours of the week would be {quantity(event.expected)}{times}.")
    if event.score is not None:
        once_in = significant(10 ** min(15.0, max(0.0, event.score)), 2)
        said.append(f"Score {event.score:g}: normal news reaches this about once in {once_in:,.0f} such windows.")
    said.append(f"It opened because {because(life.first)}.")
    if life.first.learning:
        said.append("Normal was not yet known: the rule had seen less than a week of news.")
    if event.coverage is not None and event.coverage < 0.995:
        said.append(f"Only {100 * event.coverage:.0f} % of what is usually seen was seen.")
    if event.feeds_changed:
        said.append(f"Feeds changed within 14 days: {', '.join(event.feeds_changed[:6])}.")
    return said


def evidence_hours(texts: Sequence[Story], event: AlertEvent) -> list[tuple[int, int]]:
    """Return (hour, stories that began in it) over the window of ``event``, for a chart where nothing better is known."""
    if event.window is None:
        return []
    began: dict[int, int] = defaultdict(int)
    for story in texts:
        began[hour_of(story.articles[0].event_time)] += 1
    first, last = hour_of(event.window.start), hour_of(event.window.end)
    return [(hour, began.get(hour, 0)) for hour in range(first, last)]
