"""Coverage read off the rhythm of old articles: holes are lost coverage, joins and ends neither calm nor news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.rules.model import RuleSet, Spike, Threshold
from connectors.archive.folder import Archive
from pipelines.archive_summary import summary_of
from pipelines.extraction.extractor import extractor_for
from pipelines.replay.cached_signals import extract_days
from pipelines.replay.replay import activation, days_between, in_order, records_of, replay
from schemas.alert_event import AlertEvent
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.reasons import EventKind, FeedState
from schemas.signal import Signal
from tests.pipeline.invented_history import HOUR, OUTLETS, START, history, imported, row
from tests.streams.records import pair_rule
from tocsin.commands.archive import command
from tocsin.report.page import _sources

RULES = RuleSet.of(
    pair_rule("norway-iceland", Spike(), one="ISL", other="NOR"),
    pair_rule("at-all", Threshold(count=3, within_h=24), one="ISL", other="NOR"),
)


class _Plainly:
    """The bare extraction, without Beam: what is asked here is what coverage makes of it."""

    def __init__(self, articles: list[Article]) -> None:
        self.signals: list[Signal] = extractor_for().extract_many(articles)
        self.failures: list[object] = []


def decided(archive: Archive) -> list[AlertEvent]:
    version, days = extractor_for().version, days_between(archive, None, None)
    extract_days(archive, version, days, _Plainly, batch=1_000)  # type: ignore[arg-type]
    records = records_of(archive, version, days, activation(RULES, "", days[0]))
    return [decision.event for decision in replay(lambda: records, lambda *_: None)]


def coverage_in(archive: Archive) -> Iterator[Coverage]:
    for day in archive.coverage_days():
        yield from archive.coverage(day)


def kinds_of(events: list[AlertEvent], rule: str) -> list[EventKind]:
    return [event.event for event in events if event.rule == rule]


def test_there_is_a_record_for_every_hour_even_of_empty_days(tmp_path: Path) -> None:
    archive = imported(tmp_path, history(9, silent=range(100, 160)))
    records = list(coverage_in(archive))
    assert [record.since for record in records] == [START + number * HOUR for number in range(9 * 24)]
    assert all(record.at - record.since == HOUR for record in records)
    empty_day = (START + timedelta(days=5)).date()
    assert empty_day not in archive.days()
    assert len(archive.coverage(empty_day)) == 24
    failing = [number for number, record in enumerate(records) if record.feeds[0].state is FeedState.FAILING]
    assert failing == list(range(100, 160))
    assert all(feed.polls_succeeded == 0 for number in failing for feed in records[number].feeds)


def test_a_hole_is_lost_coverage_and_its_end_no_news(tmp_path: Path) -> None:
    events = decided(imported(tmp_path, history(14, silent=range(240, 290))))
    for rule in ("norway-iceland", "at-all"):
        assert kinds_of(events, rule) == [EventKind.RULE_READY, EventKind.BLIND, EventKind.SIGHTED]
        blind, sighted = (event for event in events if event.rule == rule and event.event is not EventKind.RULE_READY)
        assert blind.at == START + 241 * HOUR
        assert blind.blind_feeds == tuple(f"archive:{outlet}" for outlet in OUTLETS)
        assert sighted.at == START + 291 * HOUR


def test_a_burst_after_a_hole_rings(tmp_path: Path) -> None:
    burst = START + 300 * HOUR
    events = decided(imported(tmp_path, history(14, silent=range(240, 290), burst=burst)))
    (opened,) = (e for e in events if e.rule == "norway-iceland" and e.event is EventKind.OPENED)
    assert burst < opened.at <= burst + 6 * HOUR


def test_an_outlet_that_falls_silent_is_seen_in_part(tmp_path: Path) -> None:
    """One of four silent for two days: the others go on, so nobody is blind, and nothing rings when it is back."""
    hole = range(200, 250)
    rows = [
        *history(14, outlets=OUTLETS[:3]),
        *(one for one in history(14, outlets=OUTLETS[3:], silent=hole, seed=2) if "Norway" not in one["title"]),
    ]
    archive = imported(tmp_path, rows)
    records = list(coverage_in(archive))
    for number in (199, 200, 249, 250):
        states = {feed.source.id: feed.state for feed in records[number].feeds}
        assert set(states) == set(OUTLETS)
        assert (states[OUTLETS[3]] is FeedState.FAILING) == (number in hole)
        assert states[OUTLETS[0]] is FeedState.OK
    events = decided(archive)
    assert kinds_of(events, "norway-iceland") == [EventKind.RULE_READY]


def test_outlets_that_join_or_end_are_neither_calm_nor_news(tmp_path: Path) -> None:
    """The first outlet is there throughout, two join on day 8, one has ended on day 11."""
    joined, ended = START + timedelta(days=8), START + timedelta(days=11)
    rows = [
        *history(16, outlets=OUTLETS[:1]),
        *(one for one in history(16, outlets=OUTLETS[1:2], seed=2) if one["t"] < ended.isoformat()),
        *(one for one in history(16, outlets=OUTLETS[2:], seed=3) if one["t"] >= joined.isoformat()),
    ]
    archive = imported(tmp_path, rows)
    by_hour = {record.since: {feed.source.id for feed in record.feeds} for record in coverage_in(archive)}
    assert by_hour[joined - HOUR] == set(OUTLETS[:2])
    assert by_hour[joined] == set(OUTLETS)
    assert by_hour[ended + HOUR] == {OUTLETS[0], *OUTLETS[2:]}
    changes = [r for r in coverage_in(archive) if r.since in (START, joined) or r.since.hour == 0]
    assert all(record.full for record in changes)
    assert all(feed.state is FeedState.OK for record in coverage_in(archive) for feed in record.feeds)
    events = decided(archive)
    assert kinds_of(events, "norway-iceland") == [EventKind.RULE_READY]


def test_an_alert_names_outlets_that_joined_shortly_before(tmp_path: Path) -> None:
    joined = START + timedelta(days=8)
    rows = [
        *history(12, outlets=OUTLETS[:3], burst=START + timedelta(days=10)),
        *(one for one in history(12, outlets=OUTLETS[3:], seed=3) if one["t"] >= joined.isoformat()),
    ]
    events = decided(imported(tmp_path, rows))
    opened = next(event for event in events if event.event is EventKind.OPENED and event.rule == "norway-iceland")
    assert opened.feeds_changed == (f"archive:{OUTLETS[3]}",)


def test_coverage_comes_after_all_that_was_seen_before_it(tmp_path: Path) -> None:
    archive = imported(tmp_path, [*history(1), row(START + HOUR, "harbour-news", "On the stroke", "Of one.")])
    day = START.date()
    signals = extractor_for().extract_many(archive.articles(day))
    merged = list(in_order(signals, archive.coverage(day)))
    place = next(i for i, record in enumerate(merged) if isinstance(record, Coverage) and record.at == START + HOUR)
    assert all(r.revised_at < START + HOUR for r in merged[:place] if isinstance(r, Signal))
    assert all(r.revised_at >= START + HOUR for r in merged[place:] if isinstance(r, Signal))
    assert {r.title for r in merged[:place] if isinstance(r, Signal)}


def test_a_report_shows_who_joined_who_ended_and_the_holes(tmp_path: Path) -> None:
    days = 30
    rows = [
        *history(days, outlets=OUTLETS[:1], silent=range(15 * 24, 16 * 24)),
        *history(days, outlets=OUTLETS[1:2], silent=range(10 * 24), seed=2),
        *history(12, outlets=OUTLETS[2:3], seed=3),
        *history(days, outlets=OUTLETS[3:], silent=[*range(6 * 24, 9 * 24), *range(15 * 24, 16 * 24)], seed=4),
    ]
    archive = imported(tmp_path, [row for row in rows if not row["t"].startswith("2023-05-16")])
    shown = {name: cells for name, *cells in _sources(summary_of(archive))}
    assert [cells[1:] for cells in shown.values()] == [
        ["2023-05-01", "2023-05-30", "1 (24 hours)"],
        ["2023-05-11 (joined)", "2023-05-30", "1 (24 hours)"],
        ["2023-05-01", "2023-05-12 (ended)", "0"],
        ["2023-05-01", "2023-05-30", "2 (4.0 days)"],
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_what_an_archive_holds_is_told(tmp_path: Path, as_json: bool) -> None:
    imported(tmp_path, history(9, silent=range(100, 160)))
    options = ["info", "--archive", str(tmp_path), *(["--json"] if as_json else [])]
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 0
    for said in ("2023-05-05T04", "2023-05-07T15", "harbour-news"):
        assert said in result.stdout
