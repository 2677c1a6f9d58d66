"""`tocsin archive import`: the files people have, in every kind and packing, become one and the same archive."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from connectors.archive.import_rows import read_rows
from pipelines.import_history import only_import
from schemas.article import Article
from schemas.errors import ArchiveUnavailableError, FatalError, TocsinError, UsageError
from schemas.reasons import EventTimeReason, SourceKind
from tests.pipeline.invented_history import START, history, json_lines, row
from tocsin.commands.archive import command

MAP = "published=t,source=src,title=title,summary=desc,url=url"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return list(history(2))


def run(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(command, ["import", "--archive", str(folder), *map(str, arguments)])


def articles_of(folder: Path) -> list[Article]:
    archive = Archive(folder)
    return [article for day in archive.days() for article in archive.articles(day)]


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def one(tmp_path: Path, values: Mapping[str, object], *options: str) -> Article:
    """Return the article made of a single row."""
    (tmp_path / "one.jsonl").write_text(json.dumps(values) + "\n")
    result = run(tmp_path / "one", tmp_path / "one.jsonl", *options)
    assert result.exit_code == 0, result.output
    (article,) = articles_of(tmp_path / "one")
    return article


# -- kinds of files ---------------------------------------------------------------------------------------------------


def as_json_lines(rows: Rows) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in rows).encode()


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("old.ndjson", as_json_lines),
        ("old.json", lambda rows: json.dumps(rows).encode()),
        ("old.json", lambda rows: json.dumps({"status": "ok", "articles": rows}, indent=2).encode()),
        ("old.csv", as_csv),
        ("old.parquet", as_parquet),
        ("old.jsonl.gz", lambda rows: gzip.compress(as_json_lines(rows))),
        ("old.jsonl.xz", lambda rows: lzma.compress(as_json_lines(rows))),
        ("old.csv.zst", lambda rows: zstandard.compress(as_csv(rows))),
        ("old.json.bz2", lambda rows: bz2.compress(json.dumps(rows).encode())),
    ],
)
def test_every_kind_gives_the_same_archive(
    rows: Rows, tmp_path: Path, name: str, written: Callable[[Rows], bytes]
) -> None:
    plain = json_lines(tmp_path / "plain.jsonl", rows)
    assert run(tmp_path / "plain", plain, "--map", MAP).exit_code == 0
    (tmp_path / name).write_bytes(written(rows))
    result = run(tmp_path / "other", tmp_path / name, "--map", MAP)
    assert result.exit_code == 0, result.output
    assert content_of(tmp_path / "other") == content_of(tmp_path / "plain")
    assert len(articles_of(tmp_path / "other")) == len(rows)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("old.docx", b"PK", "is of no known kind"),
        ("old.jsonl.gz", b"\x1f\x8b but not more", "cannot be read"),
        ("old.parquet", b"PAR1", "cannot be read as Parquet"),
        ("old.json", b'{"a": 1, "b": [1, 2]', "no JSON"),
        ("old.json", b"[" * 200_000, "nested too deeply"),
        ("old.json", b"<html>", "neither JSON Lines nor a JSON array"),
        ("old.csv", b"t,title\n2020-01-01,\xff\xfe\n", "is it whole, and in UTF-8?"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    result = run(tmp_path / "archive", tmp_path / name, "--map", MAP)
    assert isinstance(result.exception, TocsinError)
    assert message in str(result.exception)
    assert not (tmp_path / "archive" / "articles").exists()


# -- what a row says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "usable", "refused"),
    [
        ("{broken\n{broken\n%s\n%s\n", 2, 2),
        ("Exported on Monday\n%s\n%s\n", 2, 1),
        ("[1, 2]\n%s\n", 1, 1),
        ("\n\n%s\n", 1, 0),
        ('{"articles": [\n%s\n]}', 1, 0),
        ('{\n"articles":\n[\n%s,\n%s\n]\n}', 2, 0),
        ("[\n%s\n]\n", 1, 0),
        ("[%s,\n%s]", 2, 0),
    ],
)
def test_broken_lines_cost_the_others_nothing_even_the_first_and_documents_stay_documents(
    tmp_path: Path, text: str, usable: int, refused: int
) -> None:
    row = json.dumps({"title": "A title", "published": "2020-01-03T10:00:00Z", "url": "https://a.example/1"})
    (tmp_path / "old.jsonl").write_text(text.replace("%s", row))
    found = list(read_rows(tmp_path / "old.jsonl"))
    assert [sum((row.values is None) is none for row in found) for none in (False, True)] == [usable, refused]


def test_an_article_has_what_its_row_had(tmp_path: Path) -> None:
    values = {
        "t": "2021-03-04T05:06:07+02:00",
        "src": "the-gazette",
        "title": "Two &amp; two",
        "desc": "<p>First.</p><p>Second.</p>",
        "url": "https://gazette.example/a?utm_source=x",
    }
    article = one(tmp_path, values, "--map", MAP)
    at = datetime(2021, 3, 4, 3, 6, 7, tzinfo=UTC)
    assert (article.published_at, article.observed_at, article.revised_at, article.event_time) == (at, at, at, at)
    assert article.event_time_reason is EventTimeReason.ARCHIVE
    assert (article.source.id, article.title) == ("the-gazette", "Two & two")
    assert "<p>" not in article.summary
    assert article.summary.split() == ["First.", "Second."]


def test_dotted_paths_epochs_and_observation(tmp_path: Path) -> None:
    values = {
        "meta": {"published_ms": 1_600_000_000_123, "seen": [1_600_000_060]},
        "source": {"name": "Gazette", "country": "GBR"},
        "heading": "A title",
        "lang": "en-GB",
    }
    fields = (
        "published=meta.published_ms,observed=meta.seen.0,source=source.name,country=source.country,"
        "title=heading,language=lang"
    )
    article = one(tmp_path, values, "--map", fields)
    assert article.published_at == datetime(2020, 9, 13, 12, 26, 40, 123_000, tzinfo=UTC)
    assert article.observed_at == datetime(2020, 9, 13, 12, 27, 40, tzinfo=UTC)
    assert article.event_time == article.published_at
    assert (article.source.id, article.source.country, article.language) == ("Gazette", "GBR", "en")


@pytest.mark.parametrize(
    ("word", "kind"), [("state", SourceKind.STATE), (" Wire ", SourceKind.WIRE), ("evil", None), (7, None)]
)
def test_the_kind_of_a_publisher_is_mapped(tmp_path: Path, word: object, kind: SourceKind | None) -> None:
    values = {"date": "2021-07-01 12:00:00", "src": "x", "title": "A title", "ownership": word}
    fields = "published=date,source=src,title=title,kind=ownership"
    assert one(tmp_path, values, "--map", fields).source.kind is kind


def test_a_time_without_a_zone_is_taken_in_the_zone_named(tmp_path: Path) -> None:
    values = {"date": "2021-07-01 12:00:00", "source": "x", "title": "A title"}
    article = one(tmp_path, values, "--tz", "Asia/Baku")
    assert article.published_at == datetime(2021, 7, 1, 8, 0, tzinfo=UTC)
    assert isinstance(run(tmp_path, tmp_path / "one.jsonl", "--tz", "Asia/Bakoo").exception, UsageError)


def test_a_day_without_a_time_lies_somewhere_in_its_day(tmp_path: Path) -> None:
    rows = [{"date": "2021-07-01", "source": "x", "title": f"Title number {number}"} for number in range(200)]
    result = run(tmp_path / "archive", json_lines(tmp_path / "days.jsonl", rows))
    assert "200 have a day and no time" in result.stdout
    times = [article.event_time for article in articles_of(tmp_path / "archive")]
    assert {time.date() for time in times} == {date(2021, 7, 1)}
    hours = {time.hour for time in times}
    assert len(hours) >= 20  # Spread over the day, not heaped at its beginning.
    assert run(tmp_path / "again", tmp_path / "days.jsonl").exit_code == 0
    assert content_of(tmp_path / "again") == content_of(tmp_path / "archive")


def test_the_map_is_guessed_and_shown(rows: Rows, tmp_path: Path) -> None:
    result = run(tmp_path / "archive", json_lines(tmp_path / "old.jsonl", rows))
    assert "map: published=t,source=src,title=title,summary=desc,url=url" in result.stderr
    assert len(articles_of(tmp_path / "archive")) == len(rows)


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [("published=t,tittle=title", "published, observed"), ("published", "published=t"), ("title=title", "--map")],
)
def test_a_map_that_is_wrong(rows: Rows, tmp_path: Path, fields: str, remedy: str) -> None:
    error = run(tmp_path / "archive", json_lines(tmp_path / "old.jsonl", rows), "--map", fields).exception
    assert isinstance(error, UsageError)
    assert remedy in error.remedy


def test_a_dry_run_shows_and_writes_nothing(rows: Rows, tmp_path: Path) -> None:
    path = json_lines(tmp_path / "old.jsonl", [{**rows[0], "desc": ""}, {**rows[1], "t": "someday"}, *rows[2:9]])
    result = run(tmp_path / "archive", path, "--dry-run")
    assert result.exit_code == 0
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["title"] for one in shown] == [rows[0]["title"], rows[2]["title"]]
    assert f"{path}:2: left out: a date that cannot be read" in result.stderr
    assert "summary (desc) is empty in 1 of the first 9 rows" in result.stderr
    assert not (tmp_path / "archive").exists()


# -- rows that are none -----------------------------------------------------------------------------------------------


def test_bad_rows_are_counted_with_their_places(rows: Rows, tmp_path: Path) -> None:
    lines = as_json_lines(rows[:5]).decode().splitlines()
    lines[1:1] = [
        "{broken",
        '{"t": ' + "[" * 200_000,
        "[1, 2]",
        json.dumps({**rows[6], "t": ""}),
        json.dumps({**rows[7], "title": "", "desc": ""}),
    ]
    lines += ["{broken again", "", json.dumps({"t": 12, "title": "no source"})]
    path = tmp_path / "old.jsonl"
    path.write_text("\n".join(lines))
    result = run(tmp_path / "archive", path, "--map", MAP)
    assert result.exit_code == 0
    assert "12 rows: 5 articles, 0 later wordings, 0 there already, 7 left out" in result.stdout
    for reason, count, line in (
        ("no JSON", 3, 2),
        ("not an object but list", 1, 4),
        ("no date", 1, 5),
        ("no title, summary or text", 1, 6),
        ("no source", 1, 13),
    ):
        assert f"left out, {reason}: {count}, first at {path}:{line}" in result.stdout, result.stdout


def test_a_file_without_a_row_of_use(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "old.jsonl", [{"t": "never", "src": "x", "title": "A title"}])
    result = run(tmp_path / "archive", path, "--map", MAP)
    assert result.exit_code == 1
    assert "1 left out" in result.stdout


def test_what_no_record_can_carry_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text(
        '{"t": "2021-01-01T00:00:00Z", "src": "x", "title": "A \\ud800 lone half", "desc": "nul \\u0000 in it"}\n'
    )
    assert run(tmp_path / "archive", path, "--map", MAP).exit_code == 0
    (article,) = articles_of(tmp_path / "archive")
    assert article.title == "A ? lone half"
    assert "\0" not in article.summary
    assert article.cuts


# -- again and again --------------------------------------------------------------------------------------------------


def test_importing_twice_changes_nothing(rows: Rows, tmp_path: Path) -> None:
    path = json_lines(tmp_path / "old.jsonl", rows)
    run(tmp_path / "archive", path, "--map", MAP)
    before = content_of(tmp_path / "archive")
    result = run(tmp_path / "archive", path, "--map", MAP)
    assert f"0 articles, 0 later wordings, {len(rows)} there already" in result.stdout
    assert content_of(tmp_path / "archive") == before
    assert not list((tmp_path / "archive").glob(".import-*"))


def test_the_order_of_rows_and_of_files_is_nothing(rows: Rows, tmp_path: Path) -> None:
    whole = json_lines(tmp_path / "whole.jsonl", rows)
    run(tmp_path / "whole", whole, "--map", MAP)
    shuffled = random.Random(3).sample(rows, len(rows))
    parts = [json_lines(tmp_path / f"{n}.jsonl", shuffled[n::3]) for n in range(3)]
    for part in parts:
        assert run(tmp_path / "parts", part, "--map", MAP).exit_code == 0
    assert content_of(tmp_path / "parts") == content_of(tmp_path / "whole")


def test_a_later_wording_is_a_revision_with_the_first_event_time(tmp_path: Path) -> None:
    first = row(START, "harbour-news", "A first wording", "Something.")
    later = {**first, "t": (START + timedelta(hours=30)).isoformat(), "title": "A later wording"}
    same = {**later, "t": (START + timedelta(hours=40)).isoformat()}
    result = run(tmp_path / "archive", json_lines(tmp_path / "old.jsonl", [same, later, first]), "--map", MAP)
    assert "3 rows: 1 article, 1 later wording, 1 there already" in result.stdout
    one, other = articles_of(tmp_path / "archive")
    assert (one.article_id, one.title, one.event_time) == (other.article_id, "A first wording", START)
    assert (other.title, other.event_time, other.observed_at) == ("A later wording", START, START)
    assert other.revised_at == START + timedelta(hours=30)


def test_two_imports_at_once_are_refused_and_what_a_killed_one_left_is_removed(rows: Rows, tmp_path: Path) -> None:
    folder, left = tmp_path / "archive", tmp_path / "archive" / ".import-killed"
    file = json_lines(tmp_path / "rows.jsonl", rows)
    with only_import(folder):
        refused = run(folder, file, "--map", MAP)
    assert refused.exit_code != 0
    error = refused.exception
    assert isinstance(error, ArchiveUnavailableError)
    assert "another process writes to the archive" in error.message
    assert "wait until the other import has ended" in error.remedy
    assert not Archive(folder).days()

    left.mkdir()
    (left / "2020-01-01").write_text("{}\n")
    assert run(folder, file, "--map", MAP).exit_code == 0
    assert not left.exists()
    assert Archive(folder).days()


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "old.jsonl").write_text(text)
    result = run(tmp_path / "history", tmp_path / "old.jsonl")
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == f"{tmp_path / 'old.jsonl'} is empty"


def test_times_without_a_zone_are_told_where_nobody_named_one(tmp_path: Path) -> None:
    times = [
        "2020-01-03T14:15:00",
        "2020-01-03 14:16",
        "2020-01-03T14:17:00Z",
        "2020-01-03",
        "Fri, 3 Jan 2020 14:18:00 +0100",
    ]
    lines = [json.dumps({"published": at, "title": f"No. {n}", "source": "s"}) for n, at in enumerate(times)]
    (tmp_path / "old.jsonl").write_text("\n".join(lines))
    told = "2 of the first 5 rows have times without a zone: taken for UTC; --tz says another"
    assert told in run(tmp_path / "history", tmp_path / "old.jsonl", "--dry-run").stderr
    assert told in run(tmp_path / "history", tmp_path / "old.jsonl").stderr
    assert "without a zone" not in run(tmp_path / "history", tmp_path / "old.jsonl", "--tz", "UTC").stderr


def test_a_disk_that_refuses_is_told_and_nothing_was_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    json_lines(tmp_path / "old.jsonl", history(2))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: str(tmp_path / "history" / "gone"))
    result = run(tmp_path / "history", tmp_path / "old.jsonl", "--map", MAP)
    assert isinstance(result.exception, FatalError)
    assert "cannot be written: No such file or directory" in result.exception.message
    assert not Archive(tmp_path / "history").days()
