"""Feeds in shadow: the terminal tells of them what the page of feeds tells, from the same engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rule_state import RuleState
from schemas.ids import hour_of
from schemas.plain_text import plain_line
from tests.streams.world import START
from tests.web.house import House
from tocsin.commands.feeds import command


def feeds(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=False)


@pytest.fixture
def in_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine say that a feed which is read, and one that is no more in the settings, are in shadow."""
    monkeypatch.setattr(RuleState, "shadows", lambda state: {"alfa": hour_of(START) + 5, "echo": 1})


@pytest.mark.usefixtures("in_shadow")
def test_the_list_and_the_page_say_the_same(own_news: Path) -> None:
    house = House(own_news)
    page = plain_line(re.sub(r"<[^>]+>", "", house.page("/feeds")))
    house.close()
    listed = feeds("list", "-C", str(own_news))
    (line,) = [line for line in listed.stdout.splitlines() if "in shadow" in line]
    assert line.startswith("alfa ")
    words = line[line.index("in shadow") :]
    assert words.startswith("in shadow for 2 rules until ")
    assert words in page
    assert not listed.stderr


@pytest.mark.usefixtures("in_shadow")
def test_json_tells_it_with_the_words(own_news: Path) -> None:
    rows = {
        row["feed_id"]: row for row in map(json.loads, feeds("list", "-C", str(own_news), "--json").stdout.splitlines())
    }
    assert rows["alfa"]["shadow"]["rules"] == 2
    assert rows["alfa"]["shadow"]["until"].startswith(f"{START:%Y-%m-%dT}")
    assert rows["alfa"]["shadow"]["words"] in feeds("list", "-C", str(own_news)).stdout
    assert rows["bravo"]["shadow"] is None


def test_an_engine_that_says_nothing_leaves_no_shadow(own_news: Path) -> None:
    assert "shadow" not in feeds("list", "-C", str(own_news)).output, "nobody joined late"


def test_where_the_log_is_gone_the_list_says_that_it_does_not_know(own_news: Path) -> None:
    (own_news / "log.db").unlink()
    listed = feeds("list", "-C", str(own_news))
    assert listed.exit_code == 0
    assert "alfa" in listed.stdout
    assert "which feeds are in shadow is not known: the log" in listed.stderr
    assert not (own_news / "log.db").exists(), "who only looks makes no log"
    rows = [json.loads(line) for line in feeds("list", "-C", str(own_news), "--json").stdout.splitlines()]
    assert all("shadow" not in row for row in rows), "null would say that there is none"
