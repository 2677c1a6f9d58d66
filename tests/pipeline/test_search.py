"""`tocsin search` over imported history, the archived log and what the log has beyond it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from connectors.clock import ManualClock
from pipelines.archive_job import ArchiveSettings
from pipelines.search import Search, sparkline
from schemas.article import Article
from schemas.errors import UsageError
from schemas.ids import milliseconds
from schemas.ports.log import Entry
from schemas.reasons import ArticleStatus
from schemas.topics import ARTICLES
from schemas.wire import encode
from tests.pipeline.archive.living import Life
from tests.pipeline.archive.test_archive_job import article
from tocsin.commands.search import beginning, command

NOW = datetime(2025, 6, 15, tzinfo=UTC)
EVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def piece(number: int, at: datetime, title: str, **more: object) -> Article:
    return article(number, at).changed(title=title, **more)


def found(query: str, *articles: Article) -> list[tuple[str, ...]]:
    search = Search.of(query, *EVER)
    search.take(encode(one) for one in articles)
    return [hit.matched for hit in search.hits()]


def test_all_words_must_be_there_wherever_they_stand() -> None:
    one = piece(1, NOW, "Earthquake near Baku", summary="No casualties.")
    assert found("baku earthquake", one) == [("Baku", "Earthquake")]
    assert found("baku casualt", one) == [("Baku", "casualties")]
    assert found("baku flood", one) == []
    assert found("quake", one) == [], "a word is found from its beginning"


@pytest.mark.parametrize(
    ("query", "title", "matched"),
    [
        ("aliyev", "Əliyev və ALİYEV", "ALİYEV"),
        ("erdogan", "Erdoğan said", "Erdoğan"),
        ("Ереван", "В ЕРЕВАНЕ", "ЕРЕВАНЕ"),
        ('"zangezur corridor"', "The Zangezur\ncorridor opens", "Zangezur corridor"),
        ("o'brien", "O’Brien wins", "O’Brien"),
        ("50%", "Up 50% in a year", "50%"),
    ],
)
def test_case_accents_and_quotes_do_not_matter(query: str, title: str, matched: str) -> None:
    assert found(query, piece(1, NOW, "x", text=title)) == [(matched,)]


def test_words_in_quotes_stand_together() -> None:
    apart = piece(1, NOW, "The corridor of Zangezur")
    assert found('"zangezur corridor"', apart) == []
    assert found("zangezur corridor", apart) == [("Zangezur", "corridor")]


def test_of_an_article_the_newest_revision_counts_and_a_withdrawn_one_is_gone() -> None:
    old, later = piece(1, NOW, "Flood in Baku"), NOW + timedelta(hours=1)
    new = old.changed(title="Floods in Baku", revised_at=later, revision=milliseconds(later))
    gone = old.changed(title="", status=ArticleStatus.WITHDRAWN, revised_at=later, revision=milliseconds(later))
    assert found("flood", old, new) == found("flood", new, old) == [("Floods",)]
    assert found("flood", old, gone) == []


def test_no_words_are_refused() -> None:
    for query in ("", "  ", '""'):
        with pytest.raises(UsageError, match="no words"):
            Search.of(query, *EVER)


def test_months_run_from_the_first_to_the_last_and_one_is_always_seen() -> None:
    search = Search.of("flood", datetime(2024, 11, 5, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))
    search.take(encode(piece(n, datetime(2024, 12, 1, tzinfo=UTC) + timedelta(hours=n), "Flood")) for n in range(9))
    search.take([encode(piece(50, datetime(2025, 1, 9, tzinfo=UTC), "Flood"))])
    search.take([encode(piece(51, datetime(2024, 11, 4, tzinfo=UTC), "Flood, too old"))])
    assert search.months() == {"2024-11": 0, "2024-12": 9, "2025-01": 1, "2025-02": 0}
    assert sparkline(list(search.months().values())) == "·█▁·"


def test_what_is_no_article_is_passed_over() -> None:
    search = Search.of("flood", *EVER)
    search.take([b"\xff flood", b'{"kind":"article","title":"flood"}', b"", b'{"kind":"coverage","x":"flood"}'])
    assert search.hits() == []
    assert search.records == 4


def test_since_takes_years_durations_and_days() -> None:
    assert beginning("1y", NOW) == NOW - timedelta(days=365)
    assert beginning("30d", NOW) == NOW - timedelta(days=30)
    assert beginning("2025-01-31", NOW) == datetime(2025, 1, 31, tzinfo=UTC)
    for wrong in ("soon", "2025-02-31", "999y 1"):
        with pytest.raises(UsageError, match="--since"):
            beginning(wrong, NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Imported history, a log that is archived in part, and an article that the log alone holds."""
    life = Life(tmp_path_factory.mktemp("desk"), clock=ManualClock(NOW - timedelta(days=40)))
    old = piece(1, datetime(2025, 1, 3, tzinfo=UTC), "Flood of old")
    Archive(life.archive).add(old.observed_at.date(), [old])
    with life.opened() as (log, store):
        log.append(ARTICLES, [Entry(0, encode(piece(2, life.clock.now(), "Flood \x1b[31min the archive")))])
        life.job(log, store, ArchiveSettings()).step(all_of_it=True)
        log.trim(ARTICLES, 0, 1)
        life.clock.advance_to(NOW)
        log.append(ARTICLES, [Entry(0, encode(piece(3, NOW, "Flood in the log")))])
    (life.folder / "tocsin.toml").write_text('log = "sqlite:///log.db"\narchive = "archive"\n')
    return life.folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_archive_and_log_are_searched(folder: Path) -> None:
    result = run("flood", "--folder", folder)
    assert result.exit_code == 0, result.output
    first, bars, *lines = result.stdout.splitlines()
    assert first == "3 articles with flood, of 3 records"
    assert bars.startswith("2025-01 █")
    assert [line.partition("  Flood")[0] for line in lines if "Flood" in line] == [
        "2025-06-15 00:00  Alpha",
        "2025-05-06 00:00  Alpha",
        "2025-01-03 00:00  Alpha",
    ]
    assert "\x1b" not in result.stdout
    assert "[Flood]" in lines[0]
    assert lines[1] == "  https://alpha.example/3"


def test_since_limit_and_json(folder: Path) -> None:
    *hits, whole = [
        json.loads(line)
        for line in run(
            "flood", "--folder", folder, "--since", "2025-02-01", "--limit", "1", "--json"
        ).stdout.splitlines()
    ]
    assert [(hit["title"], hit["matched"]) for hit in hits] == [("Flood in the log", ["Flood"])]
    assert whole["articles"] == 2
    assert whole["months"]["2025-05"] == whole["months"]["2025-06"] == 1
    assert next(iter(whole["months"])) == "2025-02"


def test_another_archive_alone(folder: Path) -> None:
    assert "2 articles" in run("flood", "--archive", folder / "archive").stdout


def test_nothing_found_is_exit_code_1(folder: Path, tmp_path: Path) -> None:
    assert run("volcano", "--folder", folder).exit_code == 1
    (tmp_path / "tocsin.toml").write_text("")
    fresh = run("volcano", "--folder", tmp_path)
    assert fresh.exit_code == 1
    assert "0 articles" in fresh.stdout
    assert not list(tmp_path.glob("data")), "searching makes nothing"
