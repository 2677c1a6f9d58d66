"""OPML in and out, tables appended to settings that people wrote, and feeds that a page names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.settings import FeedSettings
from schemas.errors import UsageError
from schemas.reasons import SourceKind
from tocsin.feed_discovery import feed_links
from tocsin.feed_tables import append_feeds, feed_id_for, feed_table, set_paused
from tocsin.opml import FOLDER_LABEL, Outline, read_opml, write_opml
from tocsin.settings import load_workplace, parse_settings

MINE = """\
# My own words stay.
rules = ["rules/*.yaml"]   # here too

[[feeds]]
id = "daily"
url = "http://daily.example/rss"

[[feeds]]
# a comment
id = "times"
url = "http://times.example/rss"
paused = true  # on holiday

[[receivers]]
type = "console"
name = "screen"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text(MINE)
    return tmp_path


def opml(body: str, head: str = "") -> bytes:
    return f"<?xml version='1.0'?>{head}<opml version='1.0'><head/><body>{body}</body></opml>".encode()


def test_a_list_is_read_with_its_folders() -> None:
    feeds = read_opml(
        opml(
            "<outline text='World'><outline text='Europe'><outline text='A &amp; B' xmlUrl='http://a.example/rss'/></outline>"
            "<outline title='C' text='c' type='rss' xmlUrl=' http://c.example/rss '/></outline>"
            "<outline text='again' xmlUrl='http://a.example/rss'/><outline text='bad' xmlUrl='file:///etc/passwd'/>"
            "<outline text='no feed' url='http://x/'/>"
        ),
        "list.opml",
    )
    assert feeds.feeds == (
        Outline("http://a.example/rss", "A & B", "World/Europe"),
        Outline("http://c.example/rss", "C", "World"),
    )
    assert feeds.refused == ("bad",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (opml("", head="<!DOCTYPE opml [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"), "document type"),
        (opml("<outline>" * 300), "nested more than"),
        (b"<rss/>", "is no OPML"),
        (b"<opml/>", "is no OPML"),
        (b"words", "not well-formed"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_opml(body, "list.opml")


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=12)
folders = st.lists(names.filter(lambda name: name and "/" not in name), max_size=3).map("/".join)


@settings(deadline=None)  # A busy machine is no defect.
@given(st.lists(st.tuples(names, folders, st.none() | st.sampled_from(SourceKind), st.booleans()), max_size=8))
def test_what_is_written_is_read_again(written: list[tuple[str, str, SourceKind | None, bool]]) -> None:
    feeds = [
        FeedSettings(
            id=f"f{n}",
            url=f"http://a.example/{n}?a=1&b=2",
            name=name,
            kind=kind,
            full_text=full_text,
            labels={FOLDER_LABEL: folder} if folder else {},
        )
        for n, (name, folder, kind, full_text) in enumerate(written)
    ]
    read = read_opml(write_opml(feeds).encode(), "list.opml").feeds
    expected = {
        feed.url: (feed.name or feed.id, feed.labels.get(FOLDER_LABEL, ""), feed.kind or "", feed.full_text)
        for feed in feeds
    }
    assert {one.url: (one.title, one.folder, one.kind, one.full_text) for one in read} == expected


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("/kind/state", "state"),
        ("/Europe/East, /kind/wire,news", "wire"),
        ("state", ""),
        ("/kind/nonsense,/kind/", ""),
        ("", ""),
    ],
)
def test_the_category_of_an_outline_tells_the_kind_of_publisher(category: str, kind: str) -> None:
    body = opml(f"<outline text='A' xmlUrl='http://a.example/rss' category='{category}'/>")
    assert read_opml(body, "list.opml").feeds[0].kind == kind


def test_the_kind_of_a_publisher_goes_into_its_table_and_its_articles(folder: Path) -> None:
    append_feeds(load_workplace(folder, {}), [feed_table("ta", "http://ta.example/", kind="state")])
    feeds = load_workplace(folder, {}).settings.feeds
    assert [feed.publisher.kind for feed in feeds] == [None, None, SourceKind.STATE]
    mistaken = MINE.replace('id = "daily"', 'id = "daily"\nkind = "evil"')
    with pytest.raises(UsageError, match=r"tocsin.toml:6: feeds.0.kind.*state"):
        parse_settings(mistaken, "tocsin.toml", {})


def test_the_wish_for_full_texts_goes_into_its_table(folder: Path) -> None:
    body = opml("<outline text='A' xmlUrl='http://a.example/rss' category='news, /full-text'/>")
    (listed,) = read_opml(body, "list.opml").feeds
    append_feeds(load_workplace(folder, {}), [feed_table("a", listed.url, full_text=listed.full_text)])
    assert [feed.full_text for feed in load_workplace(folder, {}).settings.feeds] == [False, False, True]


def test_tables_are_appended_and_everything_else_stays(folder: Path) -> None:
    workplace = load_workplace(folder, {})
    table = feed_table("new", "http://new.example/", name='The "New"\x7f', labels={FOLDER_LABEL: "a\\b/ü"})
    append_feeds(workplace, [table, feed_table("new.example-2", "http://new.example/2")])
    text = (folder / "tocsin.toml").read_text()
    assert text.startswith(MINE)
    feeds = load_workplace(folder, {}).settings.feeds
    assert [feed.id for feed in feeds] == ["daily", "times", "new", "new.example-2"]
    assert (feeds[2].name, feeds[2].labels, feeds[3].source) == (
        'The "New"\x7f',
        {FOLDER_LABEL: "a\\b/ü"},
        "new.example",
    )
    with pytest.raises(UsageError, match="more than once"):
        append_feeds(workplace, [feed_table("daily", "http://x.example/")])
    assert (folder / "tocsin.toml").read_text() == text, "nothing of a mistake is written"
    assert [path.name for path in folder.iterdir()] == ["tocsin.toml"]


def test_one_line_pauses_and_resumes(folder: Path) -> None:
    for feed_id, paused in (("daily", True), ("times", False), ("daily", False), ("times", True)):
        assert set_paused(load_workplace(folder, {}), feed_id, paused=paused)
        assert not set_paused(load_workplace(folder, {}), feed_id, paused=paused)
    text = (folder / "tocsin.toml").read_text()
    assert text == MINE.replace('[[feeds]]\nid = "daily"', '[[feeds]]\npaused = false\nid = "daily"')
    workplace = load_workplace(folder, {})
    with pytest.raises(UsageError, match="no feed has the id 'none'"):
        set_paused(workplace, "none", paused=True)


def test_a_table_that_one_line_cannot_change_is_left_alone(tmp_path: Path) -> None:
    text = 'feeds = [{ id = "daily", url = "http://daily.example/" }]\n'
    (tmp_path / "tocsin.toml").write_text(text)
    with pytest.raises(UsageError):
        set_paused(load_workplace(tmp_path, {}), "daily", paused=True)
    assert (tmp_path / "tocsin.toml").read_text() == text


def test_ids_are_made_of_the_host() -> None:
    assert feed_id_for("https://www.daily.example/rss", ()) == "daily.example"
    assert feed_id_for("https://daily.example/2", ("daily.example", "daily.example-2")) == "daily.example-3"
    assert parse_settings(feed_table(feed_id_for("http://[::1]/", ()), "http://[::1]/"), "x", {}).feeds


def test_a_page_names_its_feeds() -> None:
    page = b"""<html><head>
    <LINK href='/comments/feed' rel=alternate type="application/rss+xml" title="Comments">
    <link rel="alternate" type="application/atom+xml" href="feed.atom?a=1&amp;b=2">
    <link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" type="application/rss+xml" href="/no">
    <link rel="alternate" type="application/feed+json" href="https://other.example/feed.json">
    <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">"""
    assert feed_links(page, "http://news.example/start/") == [
        "http://news.example/start/feed.atom?a=1&b=2",
        "https://other.example/feed.json",
        "http://news.example/comments/feed",
    ]
    assert feed_links(b"<link " * 100_000, "http://news.example/") == []


def test_a_page_names_no_feed_at_the_port_of_another_service() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    hrefs = (
        "http://10.0.0.5:6379/",
        "https://news.example:22/x",
        "http://news.example:8080/rss",
        "https://b.example/rss",
    )
    page = "".join(map(link.format, hrefs)).encode()
    assert feed_links(page, "http://news.example:8080/") == ["http://news.example:8080/rss", "https://b.example/rss"]
