"""`tocsin trace`: one article by URL, id or words, with everything that became of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from alerts.rules.model import Spike, Threshold
from pipelines.explaining.finding import find_articles
from pipelines.explaining.links import Link
from pipelines.explaining.trace import Trace, trace
from tests.pipeline.explaining.scripted import RULE, Script, article, at
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, pair_rule, signal
from tocsin.cli import cli

RULES = (
    RULE,
    pair_rule("elsewhere", Spike(), one="GBR", other="UKR"),
    pair_rule("any", Threshold(count=2, within_h=6)),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A burst whose first two articles are one story, and an article nobody extracted."""
    copies = [
        signal(f"copy-of-one-{n}", at(2) + timedelta(minutes=n), feed=FEED_IDS[n], wording="same") for n in range(2)
    ]
    script = Script(rules=RULES, background=False, hours=8).put(*copies).burst(2.5, 12)
    folder = tmp_path_factory.mktemp("desk")
    desk = script.desk(
        folder,
        [
            article("copy-of-one-1", at(2), "copy of one", feed="bravo"),
            article("lost-article", at(3), "Nobody read this"),
        ],
    )
    (folder / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    return desk


def way_of(desk: Desk, query: str) -> Trace:
    with desk.opened() as (log, store):
        (found,) = find_articles(log, query)
        return trace(log, store, desk.snapshots, found)


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(cli, ["trace", *words, "-C", str(desk.folder)])


@pytest.mark.parametrize(
    "query", ["copy-of-one-1", "https://bravo.example/copy-of-one-1", "http://www.bravo.example/copy-of-one-1/#top"]
)
def test_an_article_is_found_by_id_and_url(desk: Desk, query: str) -> None:
    with desk.log() as log:
        (found,) = find_articles(log, query)
    assert found.article_id == "copy-of-one-1"
    assert [place.topic for place, _ in (*found.articles, *found.signals)] == ["articles", "signals"]


def test_words_find_several_and_an_exact_name_is_preferred(desk: Desk) -> None:
    with desk.log() as log:
        assert len(find_articles(log, "two sides MEET")) == 14
        assert find_articles(log, "nothing like this") == []
    listed = run(desk, "two sides meet")
    assert listed.exit_code == 0
    assert "14 articles are meant" in listed.stderr
    assert run(desk, "nothing like this").exit_code == 1


def test_its_way_through_rules_stories_and_alerts(desk: Desk) -> None:
    way = way_of(desk, "copy-of-one-1")
    fates = dict(way.fates)
    assert fates["baku-moscow"].fell_at is None
    assert fates["elsewhere"].fell_at is Link.LANGUAGE
    assert {(s.rule, s.first, s.articles) for s in way.stories} == {
        ("baku-moscow", "copy-of-one-0", 2),
        ("any", "copy-of-one-0", 2),
    }
    assert {alert.rule for alert in way.alerts} == {"baku-moscow", "any"}


def test_what_was_never_extracted_says_so(desk: Desk) -> None:
    said = run(desk, "lost-article")
    assert said.exit_code == 0, said.output
    assert "it was not extracted yet" in said.stdout


def test_for_people_and_for_scripts(desk: Desk) -> None:
    said = run(desk, "copy-of-one-1")
    assert said.exit_code == 0, said.output
    for words in (
        "signals ",
        "pairs   AZE-RUS (title)",
        "counts  baku-moscow  AZE-RUS: counted",
        "it joined “copy-of-one-0: two sides meet”, 2 in all",
        "any AZE-RUS  opened",
    ):
        assert words in said.stdout, said.stdout
    document = json.loads(run(desk, "copy-of-one-1", "--json").stdout)
    assert {rule["rule"]: rule["counts"] for rule in document["rules"]} == {
        "any": True,
        "baku-moscow": True,
        "elsewhere": False,
    }
    assert document["signals"][0]["offset"] > 0
