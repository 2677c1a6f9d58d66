"""`tocsin status`: what log and store say, judged; beside a run, without one, before the first, and on one that is broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.clock import SystemClock
from pipelines.service_status import (
    EXTRACT_GROUP,
    LogFacts,
    ServiceStatus,
    StoreFacts,
    judge_service,
    read_log,
)
from schemas.dead_letter import DeadLetter
from schemas.plain_text import shown_bytes
from schemas.ports.log import Entry
from schemas.ports.store import Delivery, FeedRow
from schemas.reasons import DeadLetterReason, DeliveryStatus, EventKind, FeedState
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import encode
from tests.contract.channels.messages import event
from tocsin.commands.status import command
from tocsin.disk_use import DiskUse
from tocsin.folder_lock import FolderLock
from tocsin.settings import Workplace, load_workplace
from tocsin.workplace import open_log_of, open_store_of

NOW = datetime(2025, 6, 30, 14, tzinfo=UTC)
JOBS = ("poll", "extract", "decide", "notify")

GOOD_LOG = LogFacts(articles_behind={0: 0}, signals_behind=0, foreign=False, open_dead_letters={})


def beats(
    *, jobs: tuple[str, ...] = JOBS, ago_s: float = 5.0, engine_ago_s: float = 30.0
) -> Mapping[str, tuple[datetime, Mapping[str, str]]]:
    engine = {"engine_time": (NOW - timedelta(seconds=engine_ago_s)).isoformat()}
    return {job: (NOW - timedelta(seconds=ago_s), engine if job == "decide" else {}) for job in jobs}


GOOD_STORE = StoreFacts(
    beats=beats(),
    head=None,
    feeds={"one": FeedRow(feed_id="one", url="https://one.example", state=FeedState.OK)},
    open_alerts=(),
    blind=(),
    waiting_events=0,
    open_deliveries=(),
    dead_deliveries=(),
)


def delivery(status: DeliveryStatus, *, created_ago_s: float = 0.0, reason: str = "") -> Delivery:
    created = NOW - timedelta(seconds=created_ago_s)
    return Delivery(
        delivery_id=1,
        position=1,
        event_hash="h",
        alert_id="a",
        seq=1,
        receiver="phone",
        message_id="m",
        status=status,
        reason=reason,
        next_attempt_at=created,
        created_at=created,
    )


def feeds(**states: FeedState) -> Mapping[str, FeedRow]:
    return {name: FeedRow(feed_id=name, url="https://x.example", state=state) for name, state in states.items()}


def judged(
    store: StoreFacts | None = GOOD_STORE, log: LogFacts | None = GOOD_LOG, supervisor: int | None = 1
) -> ServiceStatus:
    return judge_service(log, store, now=NOW, supervisor=supervisor)


def test_all_is_well_when_all_is_well() -> None:
    status = judged()
    assert status.problems == []
    assert status.notes == []
    assert status.lag_s == 30.0
    assert [(job.name, job.fresh, job.behind) for job in status.jobs] == [
        ("poll", True, None),
        ("extract", True, 0),
        ("decide", True, 0),
        ("notify", True, 0),
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"beats": beats(jobs=("poll", "decide", "notify"))}, "extract gave no sign of life yet"),
        (
            {"beats": {**beats(), "poll": (NOW - timedelta(minutes=4), {})}},
            "poll gave no sign of life since 2025-06-30 13:56:00",
        ),
        ({"beats": beats(engine_ago_s=420)}, "engine time is 7 min behind the clock"),
        ({"beats": beats(engine_ago_s=30 * 3_600)}, "engine time is 30 h behind the clock"),
        ({"beats": beats(engine_ago_s=90 * 86_400)}, "engine time is 90 days behind the clock"),
        ({"beats": {**beats(), "decide": (NOW, {})}}, "engine time has not moved yet"),
        ({"feeds": feeds(a=FeedState.FAILING, b=FeedState.MUTED, c=FeedState.OK)}, "2 of 3 feeds fail"),
        (
            {"blind": [event(event=EventKind.BLIND, blind_feeds=("one", "two"))]},
            "blind: azerbaijan-russia AZE-RUS (one, two)",
        ),
        (
            {"open_deliveries": [delivery(DeliveryStatus.RETRYING, created_ago_s=900, reason="HTTP 503")]},
            "receiver phone cannot be reached: 1 message waits (HTTP 503)",
        ),
        ({"dead_deliveries": [delivery(DeliveryStatus.DEAD)]}, "receiver phone: 1 message was never delivered"),
    ],
)
def test_each_thing_that_is_wrong_is_told(changes: dict[str, object], problem: str) -> None:
    status = judged(replace(GOOD_STORE, **changes))  # type: ignore[arg-type]  # fields of the facts
    assert [problem in told for told in status.problems] == [True], status.problems


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"foreign": True}, "belongs to another log"),
        (
            {"open_dead_letters": {"extract: not_json": 2, "decide: broken_record": 1}},
            "3 dead letters are open (2 × extract: not_json",
        ),
    ],
)
def test_what_is_wrong_in_the_log_is_told(changes: dict[str, object], problem: str) -> None:
    (told,) = judged(log=replace(GOOD_LOG, **changes)).problems  # type: ignore[arg-type]  # fields of the facts
    assert problem in told


def test_one_failing_feed_of_many_is_a_note_and_paused_ones_do_not_count() -> None:
    some = feeds(a=FeedState.FAILING, b=FeedState.OK, c=FeedState.NEW, d=FeedState.PAUSED, e=FeedState.REMOVED)
    status = judged(replace(GOOD_STORE, feeds=some))
    assert status.problems == []
    assert status.notes == ["1 of 3 feeds fails"]


def test_a_first_failure_to_tell_is_a_note() -> None:
    waiting = (delivery(DeliveryStatus.RETRYING, created_ago_s=60, reason="HTTP 503"), delivery(DeliveryStatus.HELD))
    status = judged(replace(GOOD_STORE, open_deliveries=waiting))
    assert status.problems == []
    assert status.notes == ["receiver phone cannot be reached: 1 message waits (HTTP 503)"]


def test_rules_being_warmed_are_a_note_and_those_that_cannot_be_a_problem() -> None:
    def decide_says(**detail: str) -> StoreFacts:
        last, said = beats()["decide"]
        return replace(GOOD_STORE, beats={**beats(), "decide": (last, {**said, **detail})})

    warming = judged(decide_says(rules_warming="abc"))
    assert warming.problems == []
    assert warming.notes == ["rules abc are being warmed on the history; those of before decide until they are"]
    (problem,) = judged(decide_says(rules_warming="abc", problem="warming them fails: no")).problems
    assert problem.startswith("rules abc cannot take force: warming them fails: no")


def test_a_silent_feed_is_a_note_of_its_own() -> None:
    status = judged(replace(GOOD_STORE, feeds=feeds(a=FeedState.SILENT, b=FeedState.OK)))
    assert status.problems == []
    assert status.notes == ["1 of 2 feeds answers with nothing new"]


def test_what_does_not_run_is_one_problem_not_five() -> None:
    (problem,) = judged(replace(GOOD_STORE, beats=beats(ago_s=9000, engine_ago_s=9000)), supervisor=None).problems
    assert problem == "nothing runs here: start it with `tocsin run`"


def test_jobs_on_other_machines_are_well_without_a_run_here() -> None:
    status = judged(supervisor=None)
    assert status.problems == []
    assert "another machine" in status.notes[0]


def test_a_delivery_that_waits_for_minutes_only_is_no_problem() -> None:
    waiting = [delivery(DeliveryStatus.RETRYING, created_ago_s=60)]
    assert judged(replace(GOOD_STORE, open_deliveries=waiting)).problems == []


def test_the_group_is_the_one_that_extraction_commits_as() -> None:
    from pipelines.extract import GROUP

    assert GROUP == EXTRACT_GROUP


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    (tmp_path / "tocsin.toml").write_text("")
    return load_workplace(tmp_path, {})


def test_backlogs_and_dead_letters_are_counted_in_the_log(place: Workplace) -> None:
    letter = DeadLetter(
        dead_letter_id="1" * 24,
        stage="extract",
        reason=DeadLetterReason.NOT_JSON,
        error="no",
        topic=ARTICLES,
        partition=0,
        offset=0,
        original=b"x",
        original_bytes=1,
        recorded_at=NOW,
    )
    other = letter.changed(dead_letter_id="2" * 24)
    letters = [letter, other, letter, other.changed(status="replayed")]
    with open_log_of(place) as log:
        log.append(ARTICLES, [Entry(0, b"{}")] * 5)
        log.append(SIGNALS, [Entry(0, b"{}")] * 3)
        log.append(DEAD_LETTERS, [*(Entry(0, encode(one)) for one in letters), Entry(0, b"broken")])
        log.commit(EXTRACT_GROUP, ARTICLES, {0: 2})
        facts = read_log(log, None)
    assert facts == LogFacts({0: 3}, 3, False, {"extract: not_json": 1, "unreadable": 1})


def status_of(place: Workplace, *options: str) -> Result:
    return CliRunner().invoke(command, ["--folder", str(place.folder), *options])


def prepared(place: Workplace, *, ago_s: float = 0.0) -> None:
    """Make log and store as jobs that are well leave them."""
    with open_log_of(place):
        pass
    store = open_store_of(place)
    now = SystemClock().now() - timedelta(seconds=ago_s)
    for job in JOBS:
        store.beat(job, at=now, detail={"engine_time": now.isoformat()} if job == "decide" else {})
    store.save_feeds(
        [
            FeedRow(feed_id="good", url="https://user:verysecret@good.example/rss", state=FeedState.OK),
            FeedRow(feed_id="other", url="https://other.example/rss", state=FeedState.OK),
            FeedRow(
                feed_id="bad", url="https://x", state=FeedState.FAILING, last_error="HTTP 500\x1b[2J\nforged: line"
            ),
        ]
    )
    store.close()


def test_before_the_first_run_it_says_so_and_makes_nothing(place: Workplace) -> None:
    result = status_of(place)
    assert result.exit_code == 1
    assert "nothing ever ran here; start it with `tocsin run`" in result.output
    assert [path.name for path in place.folder.iterdir()] == ["tocsin.toml"]


def test_beside_a_run_all_is_well(place: Workplace) -> None:
    prepared(place)
    with FolderLock(place.folder):
        result = status_of(place)
        assert "`tocsin run` is at work (process" in result.output
        assert result.exit_code == 0, result.output
        assert "all is well" in result.output
        assert "bad failing: HTTP 500 [2J forged: line (last success never)" in result.output
        told = json.loads(status_of(place, "--json").output)
    assert told["ok"] is True
    assert told["problems"] == []
    assert {job["name"]: job["fresh"] for job in told["jobs"]} == dict.fromkeys(JOBS, True)
    assert told["feeds"]["bad"]["state"] == "failing"
    assert "verysecret" not in json.dumps(told) + result.output
    assert told["disk"]["used_bytes"]["log"] > 0


def test_a_run_that_ended_long_ago_is_told(place: Workplace) -> None:
    prepared(place, ago_s=86_400)
    result = status_of(place)
    assert result.exit_code == 1
    assert "`tocsin run` is not at work here" in result.output
    assert "PROBLEM: nothing runs here" in result.output


def test_a_log_that_is_gone_or_a_store_that_is_broken_is_a_problem_in_words(place: Workplace) -> None:
    prepared(place)
    (place.folder / "data" / "log.sqlite").unlink()
    result = status_of(place)
    assert result.exit_code == 1
    assert "log.sqlite is missing, although there is a store" in result.output
    (place.folder / "data" / "store.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    result = status_of(place)
    assert result.exit_code == 1
    assert "PROBLEM: the store cannot be read" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_the_page_has_a_line_and_says_why_it_is_not_there() -> None:
    def with_page(ago: timedelta, **detail: str) -> ServiceStatus:
        return judged(replace(GOOD_STORE, beats={**beats(), "web": (NOW - ago, detail)}))

    well = with_page(timedelta(seconds=40))
    assert [(job.name, job.fresh) for job in well.jobs if job.name == "web"] == [("web", True)]
    assert well.problems == []
    taken = with_page(timedelta(seconds=40), problem="port 8765 is taken")
    assert taken.problems == ["the page is not there: port 8765 is taken"]
    hours = with_page(timedelta(hours=5), problem="port 8765 is taken")
    assert [(job.name, job.fresh) for job in hours.jobs if job.name == "web"] == [("web", False)]
    assert hours.problems == [], "nobody tries any more"
    assert "web" not in [job.name for job in with_page(timedelta(hours=25)).jobs]


def test_a_disk_that_runs_full_is_a_problem() -> None:
    assert DiskUse({}, 10**12).problems == []
    (problem,) = DiskUse({}, 3_000_000).problems
    assert "only 3.0 MB are free" in problem
    assert [shown_bytes(n) for n in (0, 999, 1500, 2_500_000, 123_000_000_000)] == [
        "0 B",
        "999 B",
        "2 kB",
        "2.5 MB",
        "123 GB",
    ]
