"""`tocsin feeds add, pause, resume, import-opml, export-opml` in a folder, against a real server."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.entries import read_entries
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.store.open import open_store
from schemas.errors import TocsinError, UsageError
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from tests.pipeline.polling.server import Item, rss
from tests.pipeline.polling.test_feeds_command import feeds, folder, web
from tocsin.folder_lock import FolderLock
from tocsin.settings import load_workplace

__all__ = ["folder", "web"]  # Fixtures of the folder and the server.

RULES = """\
rules:
  - name: ferries
    watch: {keywords: {any: [ferry]}}
    when: {threshold: {count: 3, within: 24h}}
  - name: comets
    watch: {keywords: {any: [comet]}}
    when: {threshold: {count: 3, within: 24h}}
"""


@pytest.fixture
def site(tmp_path: Path, web: str) -> str:
    """A page that names a feed with three items of two days."""
    now = SystemClock().now()
    items = [Item(f"s{n}", f"The ferry was late again, number {n}", now - n * timedelta(hours=12)) for n in range(1, 6)]
    (tmp_path / "web" / "site.xml").write_text(rss(items, title="Ferry Weekly"))
    link = '<link rel="alternate" type="application/rss+xml" href="/site.xml">'
    (tmp_path / "web" / "site.html").write_text(f"<html><head>{link}</head></html>")
    return f"{web}/site.html"


def test_add_takes_the_address_of_a_site_and_says_what_it_brings(folder: Path, site: str) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "watch.yaml").write_text(RULES)
    before = (folder / "tocsin.toml").read_text()
    dry = feeds("add", site, "-C", str(folder), "--dry-run")
    assert dry.exit_code == 0
    assert "counts: from the start" in dry.stderr
    assert (folder / "tocsin.toml").read_text() == before
    _brought_before(folder)
    began = SystemClock().now()
    result = feeds("add", site, "-C", str(folder), "--id", "ferry")
    assert result.exit_code == 0, result.output
    assert "language: en; extraction: full" in result.stderr
    assert "items a day: 2.0" in result.stderr
    assert "known already from daily: 2 of 5" in result.stderr
    joins = (at + timedelta(days=8, hours=1) for at in (began, SystemClock().now()))
    assert any(f"counts: for spike, drop and cusum from about {at:%d %b}" in result.stderr for at in joins)
    assert "rule ferries: 5 of its present items" in result.stderr
    assert "comets" not in result.stderr
    added = load_workplace(folder, {}).settings.feeds[-1]
    assert (added.id, added.name, added.url.rpartition("/")[2]) == ("ferry", "Ferry Weekly", "site.xml")
    with pytest.raises(UsageError, match="in the settings already, as ferry"):
        feeds("add", site, "-C", str(folder))


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        (["{web}/page.html"], "it is a web page, not a feed, and it names no feed", "look for “RSS”"),
        (["{web}/gone"], "answered 410", "gone for good"),
        (["{web}/missing"], "answered 404", "in a browser"),
        (
            ["http://10.0.0.1/rss"],
            "10.0.0.1 is not on the public internet",
            "/tocsin.toml, for example allow_addresses",
        ),
        (["http://127.0.0.1:1/rss"], "connection refused", "port right"),
        (["{web}/news.xml?2", "--id", "bad id!"], "can be no id", "letters, digits"),
        (["{web}/news.xml?2", "--id", "daily"], "has that id already", "daily-2"),
        (["ftp://news.example/rss"], "begins with https://", "the whole address"),
        (["/etc"], "is on this machine", "feeds parse"),
    ],
)
def test_what_cannot_be_added_is_told_with_a_remedy_and_nothing_is_written(
    folder: Path, web: str, words: list[str], said: str, remedy: str
) -> None:
    before = (folder / "tocsin.toml").read_text()
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        feeds("add", *(word.format(web=web) for word in words), "-C", str(folder))
    assert remedy in caught.value.remedy
    assert (folder / "tocsin.toml").read_text() == before


def _brought_before(folder: Path) -> None:
    """Make the store know that the feed "daily" brought two of the site's items."""
    daily = load_workplace(folder, {}).settings.feeds[0]
    now = SystemClock().now()
    document = WireDocument(form="rss20", entries=tuple(WireEntry(guid=f"s{n}", title="x") for n in (1, 2)))
    cursor = read_entries(document, daily, FeedCursor(), now).cursor
    store = open_store(f"sqlite:///{folder / 'data' / 'store.sqlite'}")
    row = FeedRow(feed_id="daily", url="x", state=FeedState.OK, cursor=cursor.to_json(), last_success_at=now)
    store.save_feeds([row])
    store.close()


def test_add_of_a_page_without_feeds_says_so(folder: Path, web: str) -> None:
    with pytest.raises(TocsinError, match="names no feed"):
        feeds("add", f"{web}/page.html", "-C", str(folder))


def test_a_service_at_work_is_to_be_started_again(folder: Path) -> None:
    with FolderLock(folder.absolute()):
        said = feeds("pause", "daily", "-C", str(folder)).stderr.splitlines()
    assert said[0] == "daily is paused in the settings"
    assert "stop it and start it again" in said[1]


def test_pause_and_resume(folder: Path) -> None:
    assert feeds("pause", "daily", "-C", str(folder)).stderr == "daily is paused in the settings\n"
    assert feeds("list", "-C", str(folder)).stdout.splitlines()[1].split()[:2] == ["daily", "paused"]
    assert feeds("pause", "daily", "-C", str(folder)).stderr == "daily is paused in the settings already\n"
    assert feeds("resume", "daily", "-C", str(folder)).exit_code == 0
    assert not load_workplace(folder, {}).settings.feeds[0].paused


def test_a_list_goes_in_and_out(folder: Path, tmp_path: Path) -> None:
    exported = feeds("export-opml", "-C", str(folder))
    assert exported.exit_code == 0
    assert "secret" not in exported.output
    assert "page: its address is printed without user" in exported.stderr
    other = tmp_path / "other"
    other.mkdir()
    (other / "tocsin.toml").write_text("# empty\n")
    listed = exported.stdout.replace(
        "</body>", '<outline text="World"><outline text="N" xmlUrl="http://n.example/"/></outline></body>'
    )
    (tmp_path / "list.opml").write_text(listed)
    result = feeds("import-opml", str(tmp_path / "list.opml"), "-C", str(other))
    assert result.exit_code == 0, result.output
    found = load_workplace(other, {}).settings.feeds
    assert [feed.name for feed in found] == ["daily", "page", "N"], "one address stood there twice"
    assert found[2].labels == {"folder": "World"}
    again = feeds("import-opml", "-", "-C", str(other), stdin=listed)
    assert "0 added, 3 there already" in again.stderr


def test_a_list_with_keys_goes_in_with_them_and_prints_none_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text("# empty\n")
    keyed = "http://anna:pass-word@n.example/rss?key=hidden"
    body = f'<outline text="N" xmlUrl="{keyed}"/><outline text="Odd" xmlUrl="javascript:alert(1)"/>'
    body += '<outline xmlUrl="file:///etc/passwd"/>'
    listed = f'<opml version="2.0"><body>{body}</body></opml>'
    result = feeds("import-opml", "-", "-C", str(tmp_path), stdin=listed)
    assert result.exit_code == 1
    assert 'url = "http://n.example/rss?key=…"' in result.stdout
    assert "pass-word" not in result.output
    assert "hidden" not in result.output
    assert "1 added, 0 there already, 2 without an address to read: Odd, file:/etc/passwd" in result.stderr.replace(
        "///", "/"
    )
    assert [feed.url for feed in load_workplace(tmp_path, {}).settings.feeds] == [keyed]
