"""Articles that were exported are imported again as the very articles they were, and watched as they came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from connectors.archive.day_files import Kind
from connectors.archive.folder import Archive
from connectors.clock import ManualClock
from schemas.article import Article, Source
from schemas.coverage import Coverage
from schemas.ids import milliseconds
from schemas.ports.log import Entry
from schemas.reasons import ArticleStatus, CutReason, EventTimeReason, SourceKind
from schemas.topics import ARTICLES
from schemas.wire import decode_articles, encode
from tests.pipeline.archive.living import Life
from tests.pipeline.archive.test_archive_job import NOON, article
from tests.pipeline.invented_history import history, imported
from tests.streams.records import coverage
from tocsin.commands.archive import command

LATER = NOON + timedelta(hours=3)
WHOLE = Article(
    article_id="f" * 32,
    revision=milliseconds(LATER),
    revised_at=LATER,
    status=ArticleStatus.WITHDRAWN,
    source=Source(id="beta", name="Beta News", country="AZE", group="holding", kind=SourceKind.STATE),
    feed_id="beta-world",
    guid="tag:beta,2025:1",
    url="https://beta.example/1?a=b&c",
    title='Title <b> & "quotes" „Сто“',
    summary="Summary\nof two lines",
    text="Text \u2028 with odd\ttabs",
    language="az",
    authors=("A. Author", "B. Author"),
    categories=("World", "Politics"),
    published_at=NOON - timedelta(days=2, microseconds=17),
    observed_at=NOON,
    event_time=NOON - timedelta(days=2),
    event_time_reason=EventTimeReason.FUTURE_CLAMPED,
    content_hash="0" * 32,
    cuts=(CutReason.RECORD_LIMIT, CutReason.CHARACTERS),
)
ARTICLES_THERE = (
    article(1, NOON),
    WHOLE.changed(revision=milliseconds(NOON), revised_at=NOON, status=ArticleStatus.LIVE, title="As it was first"),
    WHOLE,
    article(2, LATER).changed(feed_id="push", source=Source(id="gamma", group="holding")),
    article(3, LATER).changed(feed_id="push", source=Source(id="delta")),
)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a log with these articles and an hour of coverage."""
    life = Life(tmp_path_factory.mktemp("life"), clock=ManualClock(LATER))
    with life.opened() as (log, store):
        log.append(ARTICLES, [Entry(0, encode(one)) for one in ARTICLES_THERE])
        log.append(ARTICLES, [Entry(0, encode(coverage(NOON)))])
        life.job(log, store).step(all_of_it=True)
    return life.archive


def exported(archive: Path) -> list[str]:
    result = run("export", "--archive", archive)
    assert result.exit_code == 0, result.output
    return sorted(line for line in result.stdout.split("\n") if line)


def articles_of(lines: list[str]) -> list[Article]:
    found = [decode_articles(line.encode()) for line in lines]
    return [one for one in found if isinstance(one, Article)]


def coverage_in(archive: Path) -> Iterator[Coverage]:
    for day in Archive(archive).coverage_days():
        yield from Archive(archive).coverage(day)


def test_the_article_of_these_tests_has_every_field() -> None:
    bare = {"kind", "schema_version"}  # They are the same for every article.
    plain = article(1, LATER + timedelta(hours=1))
    alike = {name for name in Article.model_fields if getattr(WHOLE, name) == getattr(plain, name)}
    assert alike <= bare
    assert all(getattr(WHOLE.source, name) is not None for name in Source.model_fields)


def test_what_is_exported_comes_back_with_every_field(archived: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("\n".join(exported(archived)))
    result = run("import", tmp_path / "out.jsonl", "--archive", tmp_path / "again")
    assert result.exit_code == 0, result.output
    assert "6 of the first 6 rows are records of an archive: taken as they are" in result.stderr
    assert "6 rows: 4 articles, 1 later wording, 0 there already, 1 left out" in result.stdout
    assert "a record of kind coverage, which is made anew from the articles: 1, first at" in result.stdout
    assert sorted(articles_of(exported(tmp_path / "again")), key=repr) == sorted(ARTICLES_THERE, key=repr)

    (tmp_path / "second.jsonl").write_text("\n".join(exported(tmp_path / "again")))
    assert run("import", tmp_path / "second.jsonl", "--archive", tmp_path / "third").exit_code == 0
    assert exported(tmp_path / "third") == exported(tmp_path / "again")
    assert (
        "0 articles, 0 later wordings, 5 there already"
        in run("import", tmp_path / "second.jsonl", "--archive", tmp_path / "third").stdout
    )


def test_the_parquet_files_of_an_archive_are_imported_as_they_are(archived: Path, tmp_path: Path) -> None:
    files = list((archived / "log").rglob("topic=articles/**/*.parquet"))
    assert run("import", *files, "--archive", tmp_path / "of-log").exit_code == 0
    assert (
        run(
            "import", *(tmp_path / "of-log" / "articles").rglob("*.parquet"), "--archive", tmp_path / "of-days"
        ).exit_code
        == 0
    )
    for name in ("of-log", "of-days"):
        assert sorted(articles_of(exported(tmp_path / name)), key=repr) == sorted(ARTICLES_THERE, key=repr)


def test_their_feeds_are_watched_from_when_they_came(archived: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("\n".join(exported(archived)))
    run("import", tmp_path / "out.jsonl", "--archive", tmp_path / "again")
    last = list(coverage_in(tmp_path / "again"))[-1]
    assert {line.feed_id: line.source for line in last.feeds} == {
        "feed": Source(id="alpha", name="Alpha"),
        "beta-world": WHOLE.source,
        "push": Source(id="push", name="push"),
    }, "the last one brings articles of several publishers"
    assert {line.feed_id: line.items_seen for line in last.feeds} == {"feed": 0, "beta-world": 1, "push": 2}


def test_imported_history_comes_back_with_its_coverage(tmp_path: Path) -> None:
    archive = imported(tmp_path / "history", history(3, silent=range(20, 30)))
    (tmp_path / "out.jsonl").write_text("\n".join(exported(archive.folder)))
    assert run("import", tmp_path / "out.jsonl", "--archive", tmp_path / "again").exit_code == 0
    assert exported(tmp_path / "again") == exported(archive.folder)
    assert list(coverage_in(tmp_path / "again")) == list(coverage_in(archive.folder))


def test_an_export_that_begins_with_coverage_is_lines_too(tmp_path: Path) -> None:
    """A record of coverage has one array in it, as documents of services do that hold all articles."""
    minute, one = encode(coverage(NOON)).decode(), encode(article(1, NOON)).decode()
    for lines, said, code in (
        ([minute, one], "2 rows: 1 article,", 0),
        ([minute, minute, one], "3 rows: 1 article,", 0),
        ([minute], "1 row: 0 articles,", 1),
    ):
        (tmp_path / "out.jsonl").write_text("\n".join(lines) + "\n")
        result = run("import", tmp_path / "out.jsonl", "--archive", tmp_path / str(len(lines)))
        assert result.exit_code == code, result.output
        assert result.stdout.startswith(said)


@pytest.mark.parametrize("of", ["log", "days"])
def test_a_damaged_file_is_named_and_nothing_of_it_is_taken(archived: Path, tmp_path: Path, of: str) -> None:
    """One bit of a column that is compressed: the sum of its page no longer fits."""
    file = next((archived / "log").rglob("topic=articles/**/*.parquet"))
    if of == "days":
        assert run("import", file, "--archive", tmp_path / "days").exit_code == 0
        file = next((tmp_path / "days" / "articles").rglob("*.parquet"))
    raw = bytearray(file.read_bytes())
    metadata = pyarrow.parquet.read_metadata(file)
    column = metadata.row_group(0).column(metadata.schema.names.index("record"))
    raw[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    (tmp_path / "damaged.parquet").write_bytes(raw)
    result = run("import", tmp_path / "damaged.parquet", "--archive", tmp_path / "again")
    assert result.exit_code == 1
    assert "damaged.parquet cannot be read as Parquet" in str(result.exception)
    assert not Archive(tmp_path / "again").days()


def test_what_is_damaged_or_asked_for_otherwise_is_no_record_of_ours(tmp_path: Path) -> None:
    whole = json.loads(encode(article(1, NOON)))
    damaged = [
        whole | {"event_time": "yesterday"},
        whole | {"revised_at": "1720-01-22T10:00:00Z"},
        whole | {"title": "\ud800"},
    ]
    signal = {"kind": "signal", "schema_version": 1, "title": "x", "event_time": "2025-01-22T10:00:00Z", "source": "s"}
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, [whole, *damaged, signal])))
    result = run("import", tmp_path / "rows.jsonl", "--archive", tmp_path / "again")
    assert result.exit_code == 0, result.output
    assert "5 rows: 1 article, 0 later wordings, 0 there already, 4 left out" in result.stdout
    assert "left out, a damaged article record: 3, first at" in result.stdout
    assert "left out, a record of kind signal, which is made anew from the articles: 1" in result.stdout

    mapped = run(
        "import", tmp_path / "rows.jsonl", "--archive", tmp_path / "mapped",
        "--map", "published=published_at,source=feed_id,title=title",
    )  # fmt: skip
    assert mapped.exit_code == 0, mapped.output
    assert {one.source.id for one in articles_of(exported(tmp_path / "mapped"))} == {"feed"}


def test_files_of_earlier_versions_have_a_feed_for_each_source(tmp_path: Path) -> None:
    archive = imported(tmp_path / "history", history(2))
    new = [archive.feed_sightings(day) for day in archive.days()]
    before = list(coverage_in(archive.folder))
    for path in (archive.folder / "articles").rglob("*.parquet"):
        table = pyarrow.parquet.read_table(path)
        assert table.schema.names == Kind.ARTICLES.value.names
        pyarrow.parquet.write_table(table.drop_columns(["feed_id"]), path)
    assert [archive.feed_sightings(day) for day in archive.days()] == new
    assert archive.feed_sources() == {}
    assert list(coverage_in(archive.folder)) == before
