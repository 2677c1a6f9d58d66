"""The demonstration's timeline: its data can be trusted, and it is the same each time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from alerts.stories.likeness import alike, signature_of
from pipelines.demo.items import read_items
from pipelines.demo.outlets import FaultKind, read_outlets
from pipelines.demo.quiet import FILE as GRAMMAR_FILE
from pipelines.demo.quiet import quiet_day, read_grammar
from pipelines.demo.timeline import DOCUMENT_ITEMS, END, START, make_timeline
from pipelines.extraction.fingerprint import fingerprint_of
from schemas.errors import UsageError

JANUARY = datetime(2025, 1, 31, tzinfo=UTC)


def test_written_items_span_the_months_and_show_every_kind_of_trouble() -> None:
    items = read_items()
    months = {(item.published.year, item.published.month) for item in items}
    assert len(items) >= 150
    assert months >= {(2024, 12)} | {(2025, month) for month in range(1, 8)}
    assert len({item.outlet for item in items}) == len(read_outlets())
    assert any(item.undated for item in items)
    assert any(item.edits for item in items)
    assert any(item.appears_after_minutes > 300 for item in items), "a late item"
    assert any(item.appears_after_minutes < -300 for item in items), "an item that claims the future"
    assert max(len(item.copies) for item in items) >= 8
    assert {fault.kind for outlet in read_outlets().values() for fault in outlet.faults} == set(FaultKind)


def test_no_two_written_items_share_a_title_or_a_moment_in_one_outlet() -> None:
    items = read_items()
    assert Counter(item.title for item in items).most_common(1)[0][1] == 1
    assert Counter((item.outlet, item.appears) for item in items).most_common(1)[0][1] == 1


def test_a_timeline_is_the_same_each_time_and_a_shorter_one_its_beginning() -> None:
    short, again, longer = make_timeline(JANUARY), make_timeline(JANUARY), make_timeline(JANUARY + timedelta(days=9))
    assert short.digest() == again.digest() != longer.digest()
    for outlet, postings in short.postings.items():
        assert longer.postings[outlet][: len(postings)] == postings


def test_quiet_news_is_hardly_ever_taken_for_one_story() -> None:
    """Two items of two days that are alike enough are counted once; that is meant for copies."""
    items = [item for number in range(60) for item in quiet_day(date(2025, 3, 1) + timedelta(days=number))]
    signatures = [signature_of(fingerprint_of(f"{item.title}\n{item.summary}")) for item in items]
    mistaken = []
    for first, (item, signature) in enumerate(zip(items, signatures, strict=True)):
        for second in range(first + 1, len(items)):
            if items[second].published - item.published > timedelta(hours=48):
                break
            other = signatures[second]
            assert signature is not None
            assert other is not None
            if alike(signature[None, :], other)[0]:
                mistaken.append((item.title, items[second].title))
    assert len(items) > 400
    assert len(mistaken) < len(items) / 200, mistaken


def test_quiet_news_keeps_its_measure() -> None:
    """The number of items lies near the mean of the grammar: within five standard deviations of a Poisson number."""
    days = 200
    expected = (read_grammar().items_per_day + read_grammar().azerbaijan_russia_per_week / 7) * days
    written = sum(len(quiet_day(date(2024, 12, 1) + timedelta(days=number))) for number in range(days))
    assert abs(written - expected) < 5 * expected**0.5


def test_quiet_news_is_written_out_whole() -> None:
    texts = [
        f"{i.title} {i.summary}"
        for number in range(0, 240, 7)
        for i in quiet_day(START.date() + timedelta(days=number))
    ]
    assert not [text for text in texts if "{" in text or "}" in text or "  " in text]


def test_a_document_holds_the_newest_items_and_grows_with_time() -> None:
    timeline = make_timeline(JANUARY)
    for outlet in timeline.outlets:
        documents = [timeline.document(outlet, START + timedelta(days=number)) for number in range(0, 60, 3)]
        assert all(len(document) <= DOCUMENT_ITEMS for document in documents)
        assert len(documents[0]) >= 15, "the backlog that warms baselines"
        for before, after in pairwise(documents):
            assert set(after) & set(before), "two polls three days apart overlap"


def test_a_late_item_appears_between_older_ones() -> None:
    late = next(item for item in read_items() if item.appears_after_minutes > 300)
    timeline = make_timeline(JANUARY)
    titles = [p.wordings[0].title for p in timeline.document(late.outlet, late.appears - timedelta(seconds=1))]
    after = [p.wordings[0].title for p in timeline.document(late.outlet, late.appears)]
    assert late.title not in titles
    assert after.index(late.title) > 0


def test_an_edit_changes_the_wording_and_keeps_the_name() -> None:
    edited = next(item for item in read_items() if item.edits)
    posting = next(p for p in make_timeline(JANUARY).postings[edited.outlet] if p.wordings[0].title == edited.title)
    moment = edited.appears + timedelta(minutes=edited.edits[0].after_minutes)
    assert posting.wording_at(moment - timedelta(seconds=1)).title == edited.title
    assert posting.wording_at(moment).title == edited.edits[0].title


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"outlet": "nowhere-news", "published": "2025-01-01T00:00:00Z", "title": "A", "summary": "B"}',
            "nowhere-news",
        ),
        ('{"outlet": "volga-observer", "published": "2025-01-01", "title": "A", "summary": "B"}', "published"),
        ('{"outlet": "volga-observer", "published": "2025-01-01T00:00:00Z", "title": "A", "sumary": "B"}', "sum"),
        (
            '{"outlet": "podil-gazette", "published": "2025-01-01T00:00:00Z", "title": "A", "summary": "B", "undated": true}',
            "without a date",
        ),
    ],
)
def test_a_mistake_in_the_items_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    good = '{"outlet": "volga-observer", "published": "2025-01-01T00:00:00Z", "title": "A", "summary": "B"}'
    path = tmp_path / "items.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        read_items(path)
    assert "items.jsonl:2" in str(caught.value)


def test_a_slot_that_is_nowhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quiet.json"
    text = GRAMMAR_FILE.read_text(encoding="utf-8")
    path.write_text(text.replace("{club} beat {club:2}", "{clubb} beat {club:2}"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"team sport.*\{clubb\}"):
        read_grammar(path)


def test_the_demonstration_begins_before_its_story_and_ends_after_it() -> None:
    times = [item.published for item in read_items()]
    assert min(times) >= START
    assert max(times) < END
