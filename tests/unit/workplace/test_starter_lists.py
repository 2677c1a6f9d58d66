"""The starter lists: every table is one the settings take, and the first domain has publishers of both sides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.errors import UsageError
from tocsin.commands import feeds
from tocsin.settings import load_workplace
from tocsin.starter.lists import NAMES, starter_list


@pytest.mark.parametrize("name", NAMES)
def test_ids_and_addresses_are_unique_and_say_who_publishes(name: str) -> None:
    found = [one.feed for one in starter_list(name).feeds]
    for words in ([feed.id for feed in found], [feed.url for feed in found]):
        assert [word for word, count in Counter(words).items() if count > 1] == []
    assert all(feed.url.startswith("https://") for feed in found)
    assert all(feed.country and feed.name and feed.kind and feed.language for feed in found)
    assert len({feed.publisher.id for feed in found}) >= 25


def test_the_same_feed_is_the_same_table_in_both_lists() -> None:
    one, other = ({feed.feed.id: feed.feed for feed in starter_list(name).feeds} for name in NAMES)
    for shared in one.keys() & other.keys():
        assert one[shared] == other[shared]


def test_the_first_domain_is_told_from_all_its_sides() -> None:
    publishers: dict[str, set[str]] = {}
    for one in starter_list("caucasus").feeds:
        publishers.setdefault(one.feed.country or "", set()).add(one.feed.publisher.id)
    assert all(len(publishers[country]) >= 3 for country in ("AZE", "RUS", "UKR", "GBR"))


def test_a_list_says_what_to_expect_of_it() -> None:
    about = " ".join(starter_list("caucasus").about)
    assert "five stories a week or more, of three publishers or more" in about
    assert "feeds check" in about


def test_a_list_is_appended_once(tmp_path: Path) -> None:
    settings = tmp_path / "tocsin.toml"
    settings.write_text('[[feeds]]\nid = "mine"\nurl = "https://feeds.bbci.co.uk/news/world/rss.xml"\n')
    run = CliRunner()
    first = run.invoke(feeds.command, ["starter", "world", "--folder", str(tmp_path)])
    assert first.exit_code == 0, first.output
    assert "1 there already" in first.stderr
    found = load_workplace(tmp_path, {}).settings.feeds
    assert len(found) == len(starter_list("world").feeds)
    assert found[0].id == "mine"
    text = settings.read_text()
    again = run.invoke(feeds.command, ["starter", "world", "--folder", str(tmp_path)])
    assert "0 added" in again.stderr
    assert settings.read_text() == text
    assert "tass-en" in text


def test_without_a_name_the_lists_are_shown() -> None:
    shown = CliRunner().invoke(feeds.command, ["starter"]).stdout
    assert "caucasus: " in shown
    assert "world: " in shown
    with pytest.raises(UsageError, match="no starter list"):
        starter_list("moon")
