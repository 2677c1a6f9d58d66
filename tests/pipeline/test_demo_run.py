"""How the demonstration runs: when it looks, what folder it makes, how it reads outages, and what it prints of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from alerts.explanation.names import NamesById
from pipelines.demo.desk import lay_out
from pipelines.demo.outlets import read_outlets
from pipelines.demo.performance import busy_days, looks
from pipelines.demo.story import Blindness, Oddities, Outage, OutageBook, Story
from pipelines.demo.telling import WIDTH, told
from pipelines.demo.timeline import START, make_timeline
from pipelines.demo.unrung import Bar, Unrung
from schemas.alert_event import Counts, Evidence
from schemas.article import Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.errors import UsageError
from schemas.reasons import FeedState
from tocsin.rule_files import read_rules
from tocsin.settings import load_workplace

UNTIL = datetime(2024, 12, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_looks_go_forward_to_the_end_and_miss_no_hour_of_a_busy_day() -> None:
    timeline = make_timeline(UNTIL)
    moments = list(looks(timeline, UNTIL))
    assert moments[0] == START
    assert moments[-1] == UNTIL
    assert all(before < after for before, after in pairwise(moments))
    busy = busy_days(timeline)
    assert datetime(2024, 12, 25, tzinfo=UTC).date() in busy
    assert datetime(2024, 12, 4, tzinfo=UTC).date() not in busy
    christmas = {moment for moment in moments if moment.date().isoformat() == "2024-12-25"}
    assert christmas >= {datetime(2024, 12, 25, hour, tzinfo=UTC) for hour in range(24)}
    items = {
        p.appears for mine in timeline.postings.values() for p in mine if p.appears.date().isoformat() == "2024-12-25"
    }
    assert items <= christmas
    assert max(after - before for before, after in pairwise(moments)) <= 4 * HOUR


def test_the_folder_is_a_workplace_like_any_other(tmp_path: Path) -> None:
    outlets = read_outlets()
    urls = {outlet: f"http://127.0.0.1:9/{outlet}/feed.xml" for outlet in outlets}
    desk = lay_out(tmp_path / "desk", outlets, urls)
    workplace = load_workplace(desk.folder, {})
    assert workplace.settings.feeds == tuple(desk.feeds)
    assert workplace.url(workplace.settings.log) == desk.log_url
    assert workplace.url(workplace.settings.store) == desk.store_url
    assert workplace.path(workplace.settings.snapshots) == desk.snapshots
    assert read_rules(workplace)[0] == desk.rules
    with pytest.raises(UsageError, match="not empty"):
        lay_out(desk.folder, outlets, urls)


def _told(hour: int, *, state: FeedState, succeeded: int, reached: int | None = None, items: int = 0) -> Coverage:
    feed = FeedCoverage(
        feed_id="alfa",
        source=Source(id="alfa", name="Alfa"),
        state=state,
        polls_due=2,
        polls_succeeded=succeeded,
        reached_back_to=None if reached is None else START + reached * HOUR,
        items_seen=items,
    )
    since = START + hour * HOUR
    return Coverage(since=since, at=since + HOUR, partition=0, partitions=1, full=True, feeds=(feed,))


def test_an_outage_lasts_from_the_last_good_poll_to_the_next() -> None:
    outages = OutageBook()
    outages.take_in(_told(0, state=FeedState.OK, succeeded=2, reached=0))
    outages.take_in(_told(1, state=FeedState.OK, succeeded=0))
    outages.take_in(_told(2, state=FeedState.FAILING, succeeded=0))
    outages.take_in(_told(3, state=FeedState.OK, succeeded=1, reached=1, items=3))
    outages.take_in(_told(4, state=FeedState.OK, succeeded=2, reached=4))
    (outage,) = outages.found
    assert (outage.began, outage.back) == (START + HOUR, START + 4 * HOUR)
    assert (outage.failed, outage.caught_up, outage.closed) == (5, 3, True)


def test_the_story_is_told_within_the_width_and_says_what_held() -> None:
    evidence = Evidence(
        article_id="a",
        revision=1,
        source=Source(id="alfa", name="Alfa"),
        url=None,
        title="A very long title " * 9,
        event_time=START,
        story="a",
    )
    silent = Unrung(
        rule="pair",
        key="AZE-RUS",
        end=START + HOUR,
        window_h=6,
        counts=Counts(stories=1, publishers=8, articles=9),
        expected=0.02,
        score=1.2,
        bars=(Bar("stories", 1, 4), Bar("publishers", 8, 3)),
        evidence=(evidence,),
    )
    lone = Outage("bravo", "Bravo", START, failed=4, back=START + 2 * HOUR, caught_up=2, reached_back_to=START + HOUR)
    many = [Outage(feed, feed.title(), START, 9, START + 12 * HOUR, 1, START) for feed in ("alfa", "echo")]
    blind = Blindness(START + HOUR, START + 12 * HOUR, 3, ("alfa", "echo"), 0.4)
    story = Story(rang=(), blind=(blind,), outages=(lone, *many), oddities=Oddities(), signals=9, hours=12)
    lines = [line.text for line in told(story, silent, NamesById({"AZE": "Azerbaijan", "RUS": "Russia"}))]
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= WIDTH
    assert "✗ stories 1 needed 4" in text
    assert "✓ publishers 8 needed 3" in text
    assert "Azerbaijan–Russia" in text
    assert "Bravo was broken" in text
    assert "did not reach back over the whole gap" in text
    assert "2 feeds failed together" in text
    assert "only 40 % could be seen, and all 3 rules said so" in text
