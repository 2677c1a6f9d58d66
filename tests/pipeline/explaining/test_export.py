"""`alerts export`: one page that loads nothing, with every text in it escaped and readable without the links."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.rules.model import Threshold
from pipelines.pages.alert_page import left_out
from schemas.alert_event import Counts
from schemas.reasons import EventKind
from tests.pipeline.explaining.scripted import Script, at
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.web.chromium import Chromium, chromium_path
from tocsin.cli import cli

RULE = pair_rule("baku-moscow", Threshold(count=3, within_h=6))
HOSTILE = 'A <script>alert(1)</script> & "quoted" \u202e turned'


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Four articles with hostile titles, texts and links."""
    script = Script(rules=(RULE,), background=False, hours=5)
    for n, url in enumerate(
        ["javascript:alert(1)", "https://x.example/a?b=1&c=2", 'https://x.example/"><img src=x>', "https://x.example/4"]
    ):
        made = signal(f"h{n}", at(2) + timedelta(minutes=n), feed=FEED_IDS[n])
        text = f"{HOSTILE} {n}\n\nThe body of article {n} <b>in full</b>."
        title = f"{HOSTILE} {n}" + (" " + "w" * 10_000 if n == 2 else "")
        script.put(made.model_copy(update={"title": title, "text": text, "url": url}))
    folder = tmp_path_factory.mktemp("desk")
    desk = script.desk(folder)
    (folder / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    return desk


def exported(desk: Desk, out: Path) -> str:
    with desk.store() as store:
        alert = next(event for event in store.events() if event.event is EventKind.OPENED)
    said = CliRunner().invoke(cli, ["alerts", "export", alert.alert_id, "--out", str(out), "-C", str(desk.folder)])
    assert said.exit_code == 0, said.output
    return out.read_text(encoding="utf-8")


def test_nothing_runs_and_nothing_is_loaded(desk: Desk, tmp_path: Path) -> None:
    page = Page(exported(desk, tmp_path / "page.html"))
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"script", "img", "iframe", "link", "object", "embed", "base", "form"})
    assert "b" not in tags
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
    hrefs = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert hrefs <= {"https://x.example/a?b=1&c=2", "https://x.example/4", 'https://x.example/"><img'}
    assert all("javascript" not in (href or "") for href in hrefs)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_it_is_readable_without_the_links(desk: Desk, tmp_path: Path) -> None:
    text = exported(desk, tmp_path / "page.html")
    words = " ".join(Page(text).words)
    for n in range(3):
        assert f"The body of article {n} <b>in full</b>." in words
    for part in ("AZE-RUS", "counted", "3 stories, 3 publishers", "silenced by", "count: 5", "Alfa , AZE", "Life"):
        assert part in words, part
    assert "\u202e" not in text
    assert 'aria-label="Stories in 6 hours' in text
    assert "<svg" in text


def test_what_is_written_from_right_to_left_turns_nothing_beside_it(desk: Desk, tmp_path: Path) -> None:
    page = Page(exported(desk, tmp_path / "page.html"))
    opened = [tag for tag, _ in page.tags]
    assert all(opened[n + 1] == "bdi" for n, tag in enumerate(opened) if tag == "a"), "titles, and their publishers"
    assert opened.count("bdi") >= 2 * 3
    turned = [attributes.get("dir") for tag, attributes in page.tags if tag == "blockquote"]
    assert set(turned) <= {"auto"}


def test_copies_of_a_story_are_folded_below_it(desk: Desk, tmp_path: Path) -> None:
    page = Page(exported(desk, tmp_path / "page.html"))
    assert sum(tag == "div" for tag, _ in page.tags) == 3  # As many as the alert counts stories.


def test_what_is_erased_and_what_an_event_does_not_name_is_said(desk: Desk, tmp_path: Path) -> None:
    copy = Desk(Path(shutil.copytree(desk.folder, tmp_path / "desk")))
    (copy.folder / "tocsin.toml").write_text(
        f'log = "{copy.log_url}"\nstore = "{copy.store_url}"\nsnapshots = "{copy.snapshots}"\n'
    )
    with copy.store() as store:
        opened = next(event for event in store.events() if event.event is EventKind.OPENED)
        for item in store.evidence(opened.evidence).values():
            store.erase_evidence(item.article_id)
    words = " ".join(Page(exported(copy, tmp_path / "page.html")).words)
    assert "The texts of 3 pieces of evidence were erased since." in words
    assert "The body of article" not in words, "nor are they taken from the log"
    shown = CliRunner().invoke(cli, ["alerts", "show", opened.alert_id, "--short", "-C", str(copy.folder)])
    assert "3 texts were erased since" in shown.stdout
    assert left_out(opened) == ""
    many = opened.model_copy(
        update={
            "counts": Counts(stories=60, publishers=9, articles=87),
            "evidence": tuple(f"{n:032x}" for n in range(30)),
        }
    )
    assert "87 articles were counted. An event names 30 of them at most" in left_out(many)


def test_a_real_browser_without_a_network_shows_all_of_it(desk: Desk, tmp_path: Path) -> None:
    chromium_path()
    page = tmp_path / "page.html"
    exported(desk, page)
    asyncio.run(_seen(page, tmp_path))


async def _seen(page: Path, folder: Path) -> None:
    async with Chromium(folder / "profile") as browser:
        await browser.call("Network.enable")
        await browser.call(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )
        for width in (360, 1200):
            await browser.look(width)
            await browser.open(page.as_uri())
            text = str(await browser.value("document.body.innerText"))
            for words in ("By the hour", "When it opened", "Evidence", "<script>alert(1)</script>"):
                assert words in text
            assert await browser.value("document.documentElement.scrollWidth <= innerWidth"), width
            assert await browser.value("document.querySelector('svg').getBoundingClientRect().height > 50")
            await browser.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
            assert "The body of article 1 <b>in full</b>." in str(await browser.value("document.body.innerText"))
        assert await browser.value("performance.getEntriesByType('resource').length") == 0, "nothing is loaded"
        assert browser.said == []
