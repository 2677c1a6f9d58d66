"""Watched folders: files of each kind become articles once, whatever is wrong with a line, a file or the process."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.folders import scan
from connectors.log.open import open_log
from connectors.store.open import open_store
from schemas.article import Article, Source
from schemas.errors import LogUnavailableError
from schemas.reasons import EventTimeReason, FeedState, SourceKind
from schemas.topics import ARTICLES
from schemas.wire import decode_articles
from tests.pipeline.polling.breaking import BreakingLog
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

Row = Mapping[str, object]
SOON = timedelta(seconds=15)


def row(name: str, **more: object) -> Row:
    when = (START - timedelta(hours=1)).isoformat()
    return {"title": f"News {name}", "url": f"https://news.example/{name}", "published": when, **more}


def lines(*rows: Row) -> str:
    return "".join(json.dumps(one) + "\n" for one in rows)


def put(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def look_twice(desk: Desk) -> int:
    """A file is read at the second look that finds it the same."""
    return await desk.poll(after=SOON) + await desk.poll(after=SOON)


def as_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.jsonl", lambda path, rows: path.write_text(lines(*rows))),
        ("a.json", lambda path, rows: path.write_text(json.dumps({"articles": rows}))),
        ("a.csv", as_csv),
        ("a.parquet", lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path)),
    ],
)
def test_a_file_of_each_kind_is_read_once_and_a_restart_reads_nothing_twice(
    desks: DeskMaker, tmp_path: Path, name: str, written: Callable[[Path, list[Row]], None]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()

    async def go(desk: Desk) -> None:
        desk.watch("wire", folder, country="AZE")
        await desk.poll()
        written(folder / name, [row("a", source="other", language="en"), row("b", source="")])
        assert await desk.poll(after=SOON) == 0, "it may still be being written"
        assert await desk.poll(after=SOON) == 2
        first, second = sorted(desk.articles(), key=lambda article: article.title)
        assert (first.source.id, first.language, second.source.id, second.source.country) == (
            "other",
            "en",
            "wire",
            "AZE",
        )
        assert first.event_time == START - timedelta(hours=1)
        assert {first.event_time_reason, second.event_time_reason} == {EventTimeReason.PUBLISHED}
        desk.again()
        os.utime(folder / name)
        for _ in range(4):
            assert await desk.poll(after=SOON) == 0

    desks.run(go, partitions=3)


def test_a_folder_stands_in_coverage_like_a_feed_and_reaches_back_to_the_look_before(
    desks: DeskMaker, tmp_path: Path
) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(row("a"), row("b")))
        before = desk.clock.now()
        await look_twice(desk)
        desk.tell()
        (line,) = desk.coverage()[-1].feeds
        assert (line.feed_id, line.state, line.polls_due, line.polls_succeeded) == ("wire", FeedState.OK, 3, 3)
        assert line.items_seen == 2
        assert line.reached_back_to is not None
        assert line.reached_back_to <= before
        records = [record.kind for _, record in desk.records()]
        assert records == ["article", "article", "coverage"]

    desks.run(go)


def test_a_folder_that_is_not_there_fails_with_words_and_comes_back(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path / "in")
        await desk.poll()
        assert "cannot be looked into: No such file" in desk.row("wire").last_error
        (tmp_path / "in").mkdir()
        put(tmp_path / "in", "a.jsonl", lines(row("a")))
        assert await desk.poll(after=30 * MINUTE) + await desk.poll(after=SOON) == 1
        assert desk.row("wire").state is FeedState.OK

    desks.run(go)


def test_bad_lines_and_bad_files_cost_the_others_nothing_and_are_told(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        bad = '{"title": "cut\n[1]\n' + "[" * 50_000 + "\n" + lines({"url": "https://news.example/none"})
        put(tmp_path, "a.jsonl", lines(row("a")) + bad + lines(row("b", published="soon"), row("c")))
        put(tmp_path, "b.parquet", b"PAR1 but no more")
        put(tmp_path, "c.csv", b"\xff\xfe\x00title\n\x00")
        put(tmp_path, "d.json", "{" * 10_000)
        put(tmp_path, "e.txt", "not read")
        put(tmp_path, "f.jsonl.gz", b"\x1f\x8b broken")
        put(tmp_path, "g.jsonl", lines(row("g")))
        assert await look_twice(desk) == 3
        assert sorted(desk.titles()) == ["News a", "News c", "News g"]
        said = desk.row("wire").state_reason
        for words in ("5 rows cannot be used", "no JSON: 2", "a date that cannot be read: 1", "the first is a.jsonl:2"):
            assert words in said
        for name in ("b.parquet", "d.json", "f.jsonl.gz"):
            assert name in said
        assert desk.row("wire").state is FeedState.OK

    desks.run(go)


def test_hostile_text_is_made_safe(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        hostile = {
            "title": "<b>Bold</b>\u202e\x07 \ud800",
            "text": "<script>alert(1)</script><p>One</p><p>Two</p>" + "x" * 2_000_000,
            "url": "javascript:alert(1)",
            "source": "\x1b[31mred\n",
            "published": 10**30,
        }
        put(tmp_path, "a.jsonl", lines(hostile, {**hostile, "published": None}))
        assert await look_twice(desk) == 1
        (article,) = desk.articles()
        assert article.title.startswith("Bold")
        assert article.url is None
        assert "alert" not in article.text
        assert "\x1b" not in article.source.id
        assert len(article.text) <= 300_000

    desks.run(go)


def test_a_last_line_without_an_end_waits_and_a_file_that_grows_goes_on_where_it_was(
    desks: DeskMaker, tmp_path: Path
) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(row("a")) + '{"title": "News b"')
        assert await look_twice(desk) == 0
        assert "a.jsonl waits for the end of its last line" in desk.row("wire").state_reason
        put(tmp_path, "a.jsonl", lines(row("a"), row("b")))
        assert await look_twice(desk) == 2
        assert desk.row("wire").state_reason == ""
        put(tmp_path, "a.jsonl", lines(row("a"), row("b"), row("c")))
        assert await look_twice(desk) == 1
        put(tmp_path, "a.jsonl", lines(row("d"), row("e"), row("f"), row("g")))
        assert await look_twice(desk) == 4, "written anew: it does not begin as it did"
        put(tmp_path, "a.jsonl", lines(row("d", title="News d, corrected")))
        assert await look_twice(desk) == 1
        assert desk.articles()[-1].article_id == desk.articles()[3].article_id

    desks.run(go)


def test_many_rows_are_taken_over_several_looks(
    desks: DeskMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "ROWS_A_LOOK", 4)

    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(*[row(str(number)) for number in range(7)]))
        put(tmp_path, "b.jsonl", lines(*[row(f"b{number}") for number in range(3)]))
        taken = [await desk.poll(after=SOON) for _ in range(5)]
        assert taken == [0, 4, 4, 2, 0]
        assert len({article.article_id for article in desk.articles()}) == 10

    desks.run(go)


def test_columns_of_a_map_are_used_and_wrong_ones_are_told(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path, map="published=t,title=deep.words,source=src", tz="Asia/Baku")
        await desk.poll()
        mapped = {"t": "2025-01-22 13:00", "deep": {"words": "Mapped"}, "src": "agency", "title": "not this"}
        put(tmp_path, "a.jsonl", lines(mapped, row("a")))
        assert await look_twice(desk) == 1
        (article,) = desk.articles()
        assert (article.title, article.source.id) == ("Mapped", "agency")
        assert article.event_time == START - timedelta(hours=1)
        assert "no title, summary or text: 1" in desk.row("wire").state_reason

    desks.run(go)


def test_what_the_log_did_not_take_is_read_again(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(row("a")))
        await desk.poll(after=SOON)
        desk.made = desk.new_job(log=BreakingLog(desk.log, before=LogUnavailableError("down")))
        await desk.poll(after=SOON)
        with pytest.raises(LogUnavailableError):
            await desk.poll(after=SOON)
        desk.again()
        assert await look_twice(desk) == 1
        assert desk.titles() == ["News a"]

    desks.run(go)


def test_a_row_names_its_publisher_with_country_and_kind(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(row("a", source={"id": "ta", "country": "ARM", "kind": "state"})))
        await look_twice(desk)
        (article,) = desk.articles()
        assert article.source == Source(id="ta", name="ta", country="ARM", kind=SourceKind.STATE)

    desks.run(go)


def test_an_article_of_a_publisher_that_is_polled_too_is_one_and_of_another_publisher_its_own(
    desks: DeskMaker, tmp_path: Path
) -> None:
    link = "https://news.example/2025/bridge"

    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item("of the feed", "Bridge opened", START - MINUTE, link=link)]))
        desk.feed("daily", "/rss")
        desk.watch("wire", tmp_path)
        await desk.poll()
        mine, other = (
            row(name, guid=f"of {name}", url=link, source=source)
            for name, source in (("wire", "daily"), ("other", "other"))
        )
        put(tmp_path, "a.jsonl", lines(mine, other))
        await look_twice(desk)
        by_title = {article.title: article.article_id for article in desk.articles()}
        assert by_title["News wire"] == by_title["Bridge opened"]
        assert by_title["News other"] != by_title["Bridge opened"]

    desks.run(go)


def test_a_process_killed_between_files_loses_none_and_knows_each_afterwards(empty_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "store.sqlite").write_bytes(empty_store.read_bytes())
    for name in "abc":
        put(folder, f"{name}.jsonl", lines(row(name)))
    for point in ("before the append", "between the append and the cursor", "after the cursor", "nowhere"):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.pipeline.polling.killed_poller", str(tmp_path), f"folder:{folder}", point],
            check=False,
            timeout=120,
        )
        assert ended.returncode == (0 if point == "nowhere" else -signal.SIGKILL)
        put(folder, f"{point}.jsonl", lines(row(point)))
    subprocess.run(
        [sys.executable, "-m", "tests.pipeline.polling.killed_poller", str(tmp_path), f"folder:{folder}", "nowhere"],
        check=True,
        timeout=120,
    )
    from connectors.clock import SystemClock

    with open_log(f"sqlite:///{tmp_path / 'log.sqlite'}", SystemClock()) as log:
        records = [decode_articles(record.value) for record in log.read(ARTICLES, 0, 0, max_records=100)]
    ids = [record.article_id for record in records if isinstance(record, Article)]
    assert len(set(ids)) == len(ids) == 7, "what was written is known by the log, and not written again"
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    assert "nowhere.jsonl" in store.feed_rows()["wire"].cursor
    store.close()


def test_what_cannot_be_used_is_said_for_as_long_as_it_lies_there(desks: DeskMaker, tmp_path: Path) -> None:
    """Over further looks, files that come, a restart; and no longer than that."""

    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
        put(tmp_path, "b.jsonl", lines(row("b")) + "{broken\n[1]\n")
        put(tmp_path, "c.jsonl", lines(*({"title": "x", "published": f"on day {n}"} for n in range(30))))
        await look_twice(desk)
        why = "a date that cannot be read: 30, no JSON: 1, not an object but list: 1"
        rows = f"32 rows cannot be used ({why}; the first is b.jsonl:2)"
        said = desk.row("wire").state_reason
        assert said.startswith(f"{rows}; a.parquet: cannot be read as Parquet")
        put(tmp_path, "d.jsonl", lines(row("d")))
        await look_twice(desk)
        assert "News d" in desk.titles()
        assert desk.row("wire").state_reason == said
        desk.again()
        await look_twice(desk)
        assert desk.row("wire").state_reason == said
        with (tmp_path / "b.jsonl").open("a") as file:
            file.write(lines(row("grown")) + "{again\n")
        (tmp_path / "a.parquet").unlink()
        await look_twice(desk)
        assert desk.row("wire").state_reason == rows.replace("32", "33").replace("JSON: 1", "JSON: 2")
        assert desk.titles() == ["News b", "News d", "News grown"]
        for name in "bc":
            (tmp_path / f"{name}.jsonl").unlink()
        await look_twice(desk)
        assert desk.row("wire").state_reason == ""

    desks.run(go)
