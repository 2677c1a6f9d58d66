"""Exports of services with what goes wrong in them: no date, title or source, odd types, doubles, tables of other lands.

The forms are those the services document; see :mod:`connectors.archive.presets` for where.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from schemas.article import Article
from schemas.errors import UsageError
from tocsin.commands.archive import command

_THEN = datetime(2020, 1, 3, 14, 15, tzinfo=UTC)


def run(path: Path, archive: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["import", str(path), "--archive", str(archive), *options])


def articles_in(archive: Path) -> list[Article]:
    found = Archive(archive)
    return [article for day in found.days() for article in found.articles(day)]


def table(rows: Sequence[Mapping[str, str]], between: str = ",") -> str:
    """Return ``rows`` as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=between)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _event_registry(number: int, **changes: object) -> dict[str, object]:
    row = {
        "uri": f"81{number}", "lang": "eng", "isDuplicate": False, "date": "2020-01-03", "time": "14:20:00",
        "dateTime": "2020-01-03T14:20:00Z", "dateTimePub": "2020-01-03T14:15:00Z", "dataType": "news", "sim": 0,
        "url": f"https://example.org/{number}", "title": f"Talks in Vienna, day {number}", "body": "They met & talked.",
        "source": {"uri": "example.org", "dataType": "news", "title": "Example"}, "authors": [], "image": None,
        "eventUri": None, "sentiment": None, "wgt": 1, "relevance": 1,
    }  # fmt: skip
    return row | changes


def _feedly(number: int, **changes: object) -> dict[str, object]:
    row = {
        "id": f"entry-{number}", "title": f"Talks in Vienna, day {number}", "published": 1578060900000,
        "crawled": 1578061200000, "origin": {"streamId": "feed/x", "title": "Example", "htmlUrl": "https://example.org"},
        "alternate": [{"href": f"https://example.org/{number}", "type": "text/html"}],
        "summary": {"content": "<p>They met &amp; talked.</p>", "direction": "ltr"}, "language": "en", "unread": True,
    }  # fmt: skip
    return row | changes


def _meltwater(number: int, **changes: str) -> dict[str, str]:
    row = {
        "Date": "03-Jan-2020 02:15PM", "Headline": f"Talks in Vienna, day {number}", "URL": f"https://example.org/{number}",
        "Opening Text": "They met & talked.", "Hit Sentence": "", "Source": "Example", "Country": "Austria",
        "Language": "English", "Reach": "10", "Alternate Date Format": "03-Jan-20", "Time": "02:15 PM",
    }  # fmt: skip
    return row | changes


def _gdelt(number: int, **changes: object) -> dict[str, object]:
    row = {
        "url": f"https://example.org/{number}", "url_mobile": "", "title": f"Talks in Vienna, day {number}",
        "seendate": "20200103T141500Z", "socialimage": "", "domain": "example.org", "language": "English",
        "sourcecountry": "Austria",
    }  # fmt: skip
    return row | changes


EVENT_REGISTRY = [
    _event_registry(1),
    _event_registry(2, dateTimePub=None),  # taken from dateTime
    _event_registry(3, dateTimePub=None, dateTime=None, date="2020-01-03", time="14:15:00"),
    _event_registry(4, body=None),
    _event_registry(5, source=None),  # the host of its address stands in
    _event_registry(1),  # doubled
    _event_registry(6, dateTimePub="soon", dateTime="later", date="", time=""),
    _event_registry(7, title=None, body=""),
    _event_registry(8, dateTimePub=None, dateTime=None, date=None, time=None),
    _event_registry(9, title=["a", "list"], body={"a": "mapping"}),
    _event_registry(10, source={"uri": None, "title": None}, url=None),
]
FEEDLY = [
    _feedly(1),
    _feedly(2, published=None),  # taken from crawled
    _feedly(3, summary=None, content={"content": "<p>They met.</p>"}),
    _feedly(4, origin=None),
    _feedly(5, title="<b>Talks</b> in Vienna &amp; Graz"),
    _feedly(1),
    _feedly(6, published=-1, crawled=None),
    _feedly(7, title="", summary={"content": "  "}),
    _feedly(8, published=None, crawled=None),
    _feedly(9, published={"at": 1}, crawled=1578061200000),
    _feedly(10, origin={}, alternate=None, canonicalUrl=""),
]
MELTWATER = [
    _meltwater(1),
    _meltwater(2, Date="03-Jan-2020"),  # with its Time beside it
    _meltwater(3, Time=""),
    _meltwater(4, **{"Opening Text": 'They said "no",\nand left.'}),
    _meltwater(5, Source=""),
    _meltwater(1),
    _meltwater(6, Date="tomorrow", Time=""),
    _meltwater(7, Headline="", **{"Opening Text": ""}),
    _meltwater(8, Date="", Time="", **{"Alternate Date Format": ""}),
    _meltwater(9, Date="31/31/2020", Time=""),
    _meltwater(10, Source="", URL=""),
]
GDELT = [
    _gdelt(1),
    _gdelt(2, language=""),
    _gdelt(3, seendate="2020-01-03 14:15:00 UTC"),  # as BigQuery writes it
    _gdelt(4, seendate=20200103141500),
    _gdelt(5, domain=""),
    _gdelt(1),
    _gdelt(6, seendate="20201399T999999Z"),
    _gdelt(7, title="  "),
    _gdelt(8, seendate=None),
    _gdelt(9, seendate=[2020]),
    _gdelt(10, domain=None, url=""),
]


@pytest.mark.parametrize(
    ("preset", "name", "content"),
    [
        ("event-registry", "er.json", json.dumps({"articles": {"page": 1, "results": EVENT_REGISTRY}})),
        ("event-registry", "er.jsonl", "".join(f"{json.dumps(row)}\n" for row in EVENT_REGISTRY)),
        ("feedly", "feedly.json", json.dumps({"id": "board", "items": FEEDLY})),
        ("meltwater", "meltwater.csv", table(MELTWATER)),
        ("meltwater", "meltwater.tsv", table(MELTWATER, "\t")),
        ("meltwater", "meltwater-of-another-land.csv", table(MELTWATER, ";")),
        ("gdelt", "gdelt.json", json.dumps({"articles": GDELT})),
    ],
)
def test_of_a_dirty_export_what_is_good_is_taken_and_the_rest_counted(
    preset: str, name: str, content: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    dry = run(path, tmp_path / "archive", "--preset", preset, "--dry-run")
    assert dry.exit_code == 0, dry.exception
    assert not (tmp_path / "archive").exists()
    result = run(path, tmp_path / "archive", "--preset", preset)
    assert result.exit_code == 0, result.exception
    found = articles_in(tmp_path / "archive")
    # Rows 6 to 10 have a date that is none, no words, no date, something odd, and nobody who published them.
    assert "11 rows: " in result.stdout
    assert ", 1 there already, " in result.stdout
    urls = {article.url for article in found}
    assert {f"https://example.org/{number}" for number in range(1, 6)} <= urls
    assert not urls & {f"https://example.org/{number}" for number in (6, 7, 8)}
    assert None not in urls, "an article without an address has no source either"
    assert {article.event_time for article in found} <= {_THEN, _THEN.replace(minute=20)}
    assert {article.source.id for article in found} <= {"Example", "example.org"}
    left = 11 - 1 - len(found)
    assert f", {left} left out" in result.stdout
    assert result.stdout.count("left out, ") >= 3
    assert "first at " in result.stdout


def _gkg_line(number: int, title: str, date: str = "20200103141500") -> str:
    cells = [f"20200103141500-{number}", date, "1", "example.org", f"https://example.org/{number}", *[""] * 21]
    return "\t".join([*cells, f"<PAGE_LINKS>x</PAGE_LINKS><PAGE_TITLE>{title}</PAGE_TITLE>"]) + "\n"


def test_a_file_of_the_knowledge_graph_as_it_is_published(tmp_path: Path) -> None:
    """Packed with zip, no line of names, quotes that are letters."""
    lines = [_gkg_line(1, "Talks in &#86;ienna"), _gkg_line(2, 'He said "no'), _gkg_line(3, "A &quot;yes&quot;")]
    path = tmp_path / "20200103141500.gkg.csv.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("20200103141500.gkg.csv", "".join([*lines, _gkg_line(4, "No date", date="-1")]))
    result = run(path, tmp_path / "archive", "--preset", "gdelt")
    assert result.exit_code == 0, result.exception
    titles = {article.title for article in articles_in(tmp_path / "archive")}
    assert titles == {"Talks in Vienna", 'He said "no', 'A "yes"'}
    assert "1 left out" in result.stdout


def test_a_zip_of_several_files_and_a_spreadsheet_are_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "old.csv.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.csv", "date,title\n")
        packed.writestr("b.csv", "date,title\n")
    error = run(path, tmp_path / "archive").exception
    assert isinstance(error, UsageError)
    assert "holds 2 files" in error.message
    sheet = tmp_path / "old.xlsx"
    sheet.write_bytes(b"PK")
    error = run(sheet, tmp_path / "archive").exception
    assert isinstance(error, UsageError)
    assert "save it as CSV" in error.remedy
    (tmp_path / "broken.csv.zip").write_bytes(b"PK nothing")
    assert isinstance(run(tmp_path / "broken.csv.zip", tmp_path / "archive").exception, UsageError)


# -- times ---------------------------------------------------------------------------------------------------------


def lines(path: Path, stamps: Sequence[object]) -> Path:
    rows = [{"date": stamp, "title": f"Title {number}", "source": "x"} for number, stamp in enumerate(stamps)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "stamp", ["2020-01-03T00:00:00Z", "2020-01-03 00:00:00", 1578009600, "1578009600000", "Jan 3, 2020"]
)
def test_days_that_are_written_as_midnights_are_laid_in_their_day(stamp: object, tmp_path: Path) -> None:
    result = run(lines(tmp_path / "old.jsonl", [stamp] * 300), tmp_path / "archive")
    assert result.exit_code == 0, result.exception
    assert "300 have a day and no time" in result.stdout
    times = [article.event_time for article in articles_in(tmp_path / "archive")]
    assert {time.date().isoformat() for time in times} == {"2020-01-03"}
    assert len({time.hour for time in times}) == 24


def test_midnight_is_a_time_where_few_stand_there_and_where_it_is_said(tmp_path: Path) -> None:
    stamps = ["2020-01-03T00:00:00Z"] * 4 + ["2020-01-03T10:00:00Z"] * 6
    assert run(lines(tmp_path / "few.jsonl", stamps), tmp_path / "few").exit_code == 0
    assert sum(a.event_time.hour == 0 for a in articles_in(tmp_path / "few")) == 4
    said = run(lines(tmp_path / "all.jsonl", stamps[:4]), tmp_path / "all", "--midnight", "time")
    assert "taken for days" not in said.stderr
    assert {a.event_time.hour for a in articles_in(tmp_path / "all")} == {0}
    days = run(lines(tmp_path / "day.jsonl", stamps), tmp_path / "day", "--midnight", "day")
    assert "4 have a day and no time" in days.stdout


def test_a_midnight_of_the_zone_named_is_a_day_of_that_zone(tmp_path: Path) -> None:
    result = run(
        lines(tmp_path / "old.jsonl", ["2020-01-03 00:00:00"] * 200), tmp_path / "archive", "--tz", "Asia/Baku"
    )
    assert result.exit_code == 0, result.exception
    times = [article.event_time for article in articles_in(tmp_path / "archive")]
    assert datetime(2020, 1, 2, 20, tzinfo=UTC) <= min(times) < max(times) < datetime(2020, 1, 3, 20, tzinfo=UTC)


def test_epochs_in_a_table_are_instants(tmp_path: Path) -> None:
    rows = [
        {"date": "1578060900", "title": "A talk", "source": "x"},
        {"date": "1578060900.0", "title": "B", "source": "x"},
    ]
    path = tmp_path / "old.csv"
    path.write_text(table(rows))
    assert run(path, tmp_path / "archive").exit_code == 0
    assert {article.event_time for article in articles_in(tmp_path / "archive")} == {_THEN}


def test_a_day_of_sight_does_not_make_news_older(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    rows = [
        {"date": "2020-01-03T14:15:00Z", "seen": "2020-01-03", "title": f"T{number}", "source": "x"}
        for number in range(50)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert (
        run(path, tmp_path / "archive", "--map", "published=date,observed=seen,title=title,source=source").exit_code
        == 0
    )
    found = articles_in(tmp_path / "archive")
    assert {article.event_time for article in found} == {_THEN}
    assert all(article.observed_at >= _THEN for article in found)


@pytest.mark.parametrize(
    "row",
    [
        {
            "Publication Date": "2020-01-03T14:15:00Z",
            "Headline": "A talk",
            "Publisher": "Example",
            "URL": "https://example.org/a",
        },
        {
            "PUBLISHED_AT": "2020-01-03T14:15:00Z",
            "TITLE": "A talk",
            "SOURCE": "Example",
            "LINK": "https://example.org/a",
        },
        {"publishedAt": 1578060900, "title": "A talk", "outlet": "Example", "permalink": "https://example.org/a"},
        {
            "Date": "bad",
            "date": "2020-01-03 14:15",
            "title": "A talk",
            "source": "Example",
            "url": "https://example.org/a",
        },
    ],
)
def test_columns_are_guessed_however_they_are_spelt(row: Mapping[str, object], tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text(f"{json.dumps(row)}\n")
    result = run(path, tmp_path / "archive")
    assert result.exit_code == 0, result.exception
    [article] = articles_in(tmp_path / "archive")
    assert (article.event_time, article.title, article.source.id) == (_THEN, "A talk", "Example")
    assert article.url == "https://example.org/a"


def test_columns_that_nobody_knows_are_named_with_what_stands_in_them(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("Nr.;Erschienen am;Überschrift\n1;;Ein Treffen in Wien\n2;3 Jan 2020;Noch eines\n")
    error = run(path, tmp_path / "archive", "--dry-run").exception
    assert isinstance(error, UsageError)
    there = "; the columns are Nr. (1), Erschienen am (3 Jan 2020), Überschrift (Ein Treffen in Wien)"
    assert error.remedy == f"name it: --map published=COLUMN,…{there}"
    error = run(path, tmp_path / "archive", "--map", "published=Erschienen,title=Überschrift").exception
    assert isinstance(error, UsageError)
    assert error.message == "none of the first 2 rows has published=Erschienen"
    assert error.remedy == f"correct --map{there}"
    told = run(path, tmp_path / "archive", "--map", "published=Erschienen am,title=Überschrift,url=Seite", "--dry-run")
    assert "none of the first 2 rows has url=Seite" in told.stderr
    assert (
        run(path, tmp_path / "archive", "--map", "published=Erschienen am,title=Überschrift", "--source", "x").exit_code
        == 0
    )


def test_a_table_with_real_times_and_days_is_read(tmp_path: Path) -> None:
    columns = {"date": [_THEN, _THEN.replace(hour=9)], "title": ["A", "B"], "source": ["x", "x"]}
    pq.write_table(pa.table(columns), tmp_path / "times.parquet")
    assert run(tmp_path / "times.parquet", tmp_path / "times").exit_code == 0
    assert {article.event_time for article in articles_in(tmp_path / "times")} == {_THEN, _THEN.replace(hour=9)}
    days = pa.table(columns | {"date": pa.array([_THEN.date(), _THEN.date()], pa.date32())})
    pq.write_table(days, tmp_path / "days.parquet")
    result = run(tmp_path / "days.parquet", tmp_path / "days")
    assert result.exit_code == 0, result.exception
    assert "2 have a day and no time" in result.stdout
