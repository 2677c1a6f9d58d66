"""Exports of services as they come: presets, wrapped arrays, dates in their spellings, tab-separated UTF-16; dry runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from connectors.archive.presets import PRESETS, preset_map
from schemas.article import Article
from schemas.errors import UsageError
from schemas.languages import language_code
from tocsin.commands.archive import command

EVENT_REGISTRY = {
    "articles": {
        "page": 1,
        "totalResults": 1,
        "results": [
            {
                "uri": "5873924562",
                "lang": "deu",
                "isDuplicate": False,
                "date": "2020-01-03",
                "time": "14:20:00",
                "dateTime": "2020-01-03T14:20:00Z",
                "dateTimePub": "2020-01-03T14:15:00Z",
                "url": "https://example.org/a",
                "title": "Ein Treffen in Wien",
                "body": "Die Delegationen sprachen zwei Stunden.",
                "source": {"uri": "example.org", "dataType": "news", "title": "Example"},
                "authors": [],
            }
        ],
    }
}
FEEDLY_ITEM: dict[str, object] = {
    "id": "entry-1",
    "title": "A meeting in Vienna",
    "published": 1578060900000,
    "crawled": 1578061200000,
    "origin": {"streamId": "feed/x", "title": "Example", "htmlUrl": "https://example.org"},
    "alternate": [{"href": "https://example.org/a", "type": "text/html"}],
    "summary": {"content": "<p>The delegations <b>talked</b> for two hours.</p>"},
    "language": "en",
}
FEEDLY = {"id": "enterprise/board", "items": [FEEDLY_ITEM]}
#: A page of one feed: its own title and address beside the items.
FEEDLY_PAGE = {
    "id": "feed/https://example.org/rss",
    "title": "Example",
    "updated": 1578061200000,
    "alternate": [{"href": "https://example.org", "type": "text/html"}],
    "items": [
        FEEDLY_ITEM | {"originId": "tag:example.org,2020:a", "content": {"content": "<p>The delegations talked.</p>"}}
    ],
}
MELTWATER_API = {
    "request": {"inputs": [{"id": 1, "type": "search"}], "template": {"name": "api.json"}},
    "documents": [
        {
            "id": "1578060900000_a",
            "published_date": "2020-01-03T14:15:00.000Z",
            "indexed_date": "2020-01-03T14:20:00.000Z",
            "url": "https://example.org/a",
            "content_type": "article",
            "source": {"name": "Example", "type": "news"},
            "content": {"title": "A meeting in Vienna", "opening_text": "The delegations talked.", "links": None},
            "matched": {"hit_sentence": "They talked.", "keywords": ["Vienna"]},
            "enrichments": {"language_code": "en", "sentiment": "neutral"},
        }
    ],
}
MELTWATER_LEGACY = {
    "documents": [
        {
            "document_id": "a",
            "document_publish_date": "2020-01-03T14:15:00Z",
            "document_url": "https://example.org/a",
            "document_title": "A meeting in Vienna",
            "document_opening_text": "The delegations talked.",
            "document_language_code": "en",
            "source_name": "Example",
            "source_information_type": "news",
        }
    ]
}
MELTWATER_OLD = (
    "Date,Headline,URL,Opening Text,Hit Sentence,Source,Influencer,Country,Language,Reach,Alternate Date Format,Time,State\n"
    "03-Jan-2020 02:15PM,A meeting in Vienna,https://example.org/a,They talked.,,Example,,Austria,English,10,03-Jan-20,"
    "02:15 PM,\n"
)
GDELT_CSV = "URL,MobileURL,Date,Title\nhttps://example.org/a,,2020-01-03 14:15:00,A meeting in Vienna\n"
GDELT_GKG = {
    "GKGRECORDID": "20200103141500-1",
    "DATE": 20200103141500,
    "SourceCommonName": "example.org",
    "DocumentIdentifier": "https://example.org/a",
    "Extras": "<PAGE_LINKS>x</PAGE_LINKS><PAGE_TITLE>A meeting in &#86;ienna</PAGE_TITLE>",
}
GDELT = {
    "articles": [
        {
            "url": "https://example.org/a",
            "url_mobile": "",
            "title": "A meeting in Vienna",
            "seendate": "20200103T141500Z",
            "socialimage": "",
            "domain": "example.org",
            "language": "Spanish",
            "sourcecountry": "Spain",
        }
    ]
}
MELTWATER = (
    "Date\tTime\tDocument ID\tURL\tSource Name\tTitle\tOpening Text\tLanguage\n"
    "03-Jan-2020\t02:15 PM\tdoc-1\thttps://example.org/a\tExample\tA meeting in Vienna\t"
    '"The delegations talked, for two hours."\tEnglish\n'
)


def run(path: Path, archive: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["import", str(path), "--archive", str(archive), *options])


def the_article(archive: Path) -> Article:
    found = Archive(archive)
    [day] = found.days()
    [article] = found.articles(day)
    return article


@pytest.mark.parametrize(
    ("preset", "name", "content", "language"),
    [
        ("event-registry", "er.json", json.dumps(EVENT_REGISTRY, indent=1).encode(), "de"),
        ("event-registry", "er-line.json", json.dumps(EVENT_REGISTRY).encode(), "de"),
        ("feedly", "feedly.json", json.dumps(FEEDLY).encode(), "en"),
        ("gdelt", "gdelt.json", json.dumps(GDELT).encode(), "es"),
        ("feedly", "feedly-page.json", json.dumps(FEEDLY_PAGE).encode(), "en"),
        ("gdelt", "gdelt.csv", GDELT_CSV.encode("utf-8-sig"), None),
        ("gdelt", "gkg.jsonl", json.dumps(GDELT_GKG).encode(), None),
        ("meltwater", "meltwater-api.json", json.dumps(MELTWATER_API).encode(), "en"),
        ("meltwater", "meltwater-legacy.json", json.dumps(MELTWATER_LEGACY, indent=1).encode(), "en"),
        ("meltwater", "meltwater-old.csv", MELTWATER_OLD.encode("utf-16"), "en"),
        ("meltwater", "meltwater.csv", MELTWATER.encode("utf-16"), "en"),
        ("meltwater", "meltwater.tsv", MELTWATER.encode(), "en"),
    ],
)
def test_an_export_is_an_article(preset: str, name: str, content: bytes, language: str | None, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run(path, tmp_path / "archive", "--preset", preset)
    assert result.exit_code == 0, result.exception
    article = the_article(tmp_path / "archive")
    assert article.event_time == datetime(2020, 1, 3, 14, 15, tzinfo=UTC)
    assert article.title in ("A meeting in Vienna", "Ein Treffen in Wien")
    assert article.url == "https://example.org/a"
    assert article.source.id in ("Example", "example.org")
    assert article.language == language
    late = 5 if preset in ("event-registry", "feedly") or name == "meltwater-api.json" else 0
    assert (article.observed_at - article.event_time).total_seconds() == late * 60


def test_what_one_row_lacks_is_taken_from_where_it_has_it(tmp_path: Path) -> None:
    second = FEEDLY_ITEM | {"id": "entry-2"}
    first = FEEDLY_ITEM | {
        "canonicalUrl": "https://example.org/canonical",
        "alternate": [{"href": "https://example.org/f"}],
    }
    path = tmp_path / "feedly.json"
    path.write_text(json.dumps([first, second]))
    result = run(path, tmp_path / "archive", "--preset", "feedly")
    assert result.exit_code == 0, result.exception
    found = Archive(tmp_path / "archive")
    urls = {article.url for day in found.days() for article in found.articles(day)}
    assert urls == {"https://example.org/canonical", "https://example.org/a"}
    assert "url=canonicalUrl|alternate.0.href" in result.stderr


def test_a_column_may_have_a_choice_of_paths_and_a_tag(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    rows = [
        {"t": "2020-01-03T14:15:00Z", "head": "", "extra": "<T>A meeting in Vienna</T>"},
        {"t": "2020-01-03T14:15:00Z", "head": "A meeting in Oslo", "extra": "<T>not closed"},
        {"t": "2020-01-03T14:15:00Z", "head": None, "extra": "<T>not closed"},
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    result = run(path, tmp_path / "archive", "--map", "published=t,title=head|extra<T>", "--source", "example")
    assert "no title, summary or text: 1" in result.output
    found = Archive(tmp_path / "archive")
    [day] = found.days()
    assert {article.title for article in found.articles(day)} == {"A meeting in Vienna", "A meeting in Oslo"}


def test_fourteen_digits_are_a_time_and_no_epoch(tmp_path: Path) -> None:
    path = tmp_path / "gkg.csv"
    path.write_text(
        "DATE,SourceCommonName,DocumentIdentifier,PAGE_TITLE\n20200103141500,example.org,https://example.org/a,A talk\n"
    )
    assert run(path, tmp_path / "archive", "--preset", "gdelt").exit_code == 0
    assert the_article(tmp_path / "archive").event_time == datetime(2020, 1, 3, 14, 15, tzinfo=UTC)


def test_a_preset_that_does_not_fit_says_what_it_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"when": "2020-01-03", "headline": "A talk"}\n')
    error = run(path, tmp_path / "archive", "--preset", "meltwater").exception
    assert isinstance(error, UsageError)
    assert "Date+Time or Date" in error.message
    assert "--map" in error.remedy
    error = run(path, tmp_path / "archive", "--preset", "meltwater", "--map", "published=when").exception
    assert isinstance(error, UsageError)
    assert not (tmp_path / "archive").exists()


def test_every_preset_names_fields_an_article_has() -> None:
    from connectors.archive.field_map import FIELDS

    for name, preset in PRESETS.items():
        assert set(preset) <= set(FIELDS)
        row = {path: "x" for choices in preset.values() for path in choices if path.isidentifier()}
        row |= {f"{choices[0]}": "x" for choices in preset.values()}
        assert set(preset_map(name, [row]).paths) == set(preset)


def test_a_dry_run_tells_how_good_the_times_are(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    stamps = ["2020-01-03", "2020-01-04", "", "no time", "2020-01-05T00:00:00Z", "2020-01-05T10:00:00Z"]
    rows = [{"date": stamp, "title": f"Title {n}", "source": "x"} for n, stamp in enumerate(stamps)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    result = run(path, tmp_path / "archive", "--dry-run")
    assert result.exit_code == 0
    assert "first 6 rows: 1 missing, 1 that cannot be read, 2 with a day alone, 1 at exactly 00:00" in result.stderr
    assert "never all at 00:00" in result.stderr
    assert "map: published=date" in result.stderr
    assert not (tmp_path / "archive").exists()


def test_a_file_of_midnights_is_taken_for_days(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text(
        "".join(f'{{"date": "2020-01-0{n}T00:00:00Z", "title": "T{n}", "source": "x"}}\n' for n in range(1, 6))
    )
    dry = run(path, tmp_path / "archive", "--dry-run")
    assert "5 of the first 5 rows stand at exactly 00:00: taken for days without a time" in dry.stderr
    assert "T00:00:00Z" not in dry.stdout.replace('"published_at"', "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("EN_us", "en"),
        ("eng", "en"),
        ("Spanish", "es"),
        ("spa", "es"),
        ("xyz", None),
        ("", None),
        (None, None),
    ],
)
def test_languages_have_two_letters(text: str | None, code: str | None) -> None:
    assert language_code(text) == code
