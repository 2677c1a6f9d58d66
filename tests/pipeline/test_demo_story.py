"""What the demonstration's whole timeline must make the engine say: every planned alert, and not one more.

Straight from the timeline through extraction and engine, without feeds: months in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from alerts.engine import Engine
from alerts.rules.load import load_rules
from alerts.rules.model import RuleSet, Spike, rules_hash
from pipelines.actor_directory import actor_directory
from pipelines.demo.desk import RULES_FILE
from pipelines.demo.outlets import Outlet, read_outlets
from pipelines.demo.timeline import END, START, Posting, Timeline, Wording, make_timeline
from pipelines.demo.unrung import Bystanders
from pipelines.extraction.extractor import Extractor
from pipelines.extraction.topics import topic_ids
from schemas.alert_event import AlertEvent
from schemas.article import Article, Source
from schemas.control import RulesActivated
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventKind, EventTimeReason, FeedState
from schemas.wire import SignalsRecord

HOUR = timedelta(hours=1)


def rules() -> RuleSet:
    return load_rules(RULES_FILE.read_text(encoding="utf-8"), RULES_FILE.name, actor_directory(), topics=topic_ids())


def source(outlet: Outlet) -> Source:
    return Source(id=outlet.id, name=outlet.name, country=outlet.country, group=outlet.group)


def article(outlet: Outlet, posting: Posting, wording: Wording) -> Article:
    claimed = posting.published or posting.appears
    return Article(
        article_id=article_id(outlet.id, posting.guid),
        revision=milliseconds(wording.since),
        revised_at=wording.since,
        source=source(outlet),
        feed_id=outlet.id,
        title=wording.title,
        summary=wording.summary,
        language="en",
        published_at=posting.published,
        observed_at=posting.appears,
        event_time=min(claimed, posting.appears),
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=content_hash(wording.title, wording.summary, ""),
    )


def coverage(since: datetime, until: datetime) -> Coverage:
    feeds = tuple(
        FeedCoverage(
            feed_id=outlet.id,
            source=source(outlet),
            state=FeedState.OK,
            polls_due=1,
            polls_succeeded=1,
            reached_back_to=START - timedelta(days=20) if since == START else since,
        )
        for outlet in read_outlets().values()
    )
    return Coverage(since=since, at=until, partition=0, partitions=1, full=True, feeds=feeds)


def stream(timeline: Timeline) -> list[SignalsRecord]:
    """Return everything in the order of time: articles as they appear, coverage at the end of each hour."""
    articles = [
        (max(wording.since, START), article(timeline.outlets[outlet], posting, wording))
        for outlet, postings in timeline.postings.items()
        for posting in postings
        for wording in posting.wordings
    ]
    signals = Extractor().extract_many([each for _, each in articles])
    compiled = rules().compiled()
    activation = RulesActivated(rules_hash=rules_hash(compiled), text="# demo", compiled=compiled, activated_at=START)
    records: list[tuple[datetime, int, SignalsRecord]] = [(START, 0, activation)]
    records += [(at, 1, signal) for (at, _), signal in zip(articles, signals, strict=True)]
    ends = [START + timedelta(seconds=1), *(START + n * HOUR for n in range(1, (END - START) // HOUR + 1))]
    records += [(until, 2, coverage(since, until)) for since, until in zip([START, *ends], ends, strict=False)]
    return [record for _, _, record in sorted(records, key=lambda each: each[:2])]


@pytest.fixture(scope="module")
def played() -> tuple[Sequence[AlertEvent], Bystanders]:
    engine, bystanders = Engine(), Bystanders()
    events: list[AlertEvent] = []
    for offset, record in enumerate(stream(make_timeline())):
        events += [decision.event for decision in engine.step(offset, record)]
        if isinstance(record, Coverage) and record.at.hour == 0:
            bystanders.look(engine)
    return events, bystanders


def test_every_planned_alert_rings_on_its_day_and_no_other(played: tuple[Sequence[AlertEvent], Bystanders]) -> None:
    opened = [(e.rule, e.key, f"{e.at:%Y-%m-%d}") for e in played[0] if e.event is EventKind.OPENED]
    assert opened == [
        ("azerbaijan-russia", "AZE-RUS", "2024-12-25"),
        ("bayramov-lammy", "keyword:bayramov-lammy", "2025-01-22"),
        ("russian-house", "keyword:russian-house", "2025-02-06"),
        ("azerbaijan-ukraine-after-a-silence", "AZE-UKR", "2025-05-25"),
        ("bayramov-sybiha", "keyword:bayramov-sybiha", "2025-05-26"),
        ("azerbaijan-russia", "AZE-RUS", "2025-06-28"),
        ("sputnik-in-baku", "keyword:sputnik-in-baku", "2025-06-30"),
    ]


def test_the_aircraft_rings_within_hours_and_grows(played: tuple[Sequence[AlertEvent], Bystanders]) -> None:
    aircraft = next(e for e in played[0] if e.event is EventKind.OPENED and e.key == "AZE-RUS")
    assert aircraft.detector == "spike"
    assert not aircraft.learning, "the backlog of the first polls has warmed the baseline"
    assert aircraft.at <= datetime.fromisoformat("2024-12-25T12:00:00Z")
    later = [e.event for e in played[0] if e.alert_id == aircraft.alert_id]
    assert later.count(EventKind.ESCALATED) >= 2
    assert later[-1] is EventKind.RESOLVED


def test_a_text_on_nine_sites_stays_silent_for_reasons_of_the_engine(
    played: tuple[Sequence[AlertEvent], Bystanders],
) -> None:
    silent = played[1].most_copied
    assert silent is not None
    assert (silent.end.date().isoformat(), silent.counts.articles, silent.counts.stories) == ("2025-06-16", 9, 1)
    held = {bar.name for bar in silent.bars if bar.held}
    assert "stories" in held
    assert "publishers" not in held
    assert len({item.story for item in silent.evidence}) == 1
    assert not [e for e in played[0] if e.alert_id and e.key == silent.key and e.rule == silent.rule]


def test_the_rules_lower_no_floor() -> None:
    spikes = [detector for rule in rules().rules for detector in rule.when if isinstance(detector, Spike)]
    assert len(spikes) >= 3
    assert set(map(repr, spikes)) == {repr(Spike())}
