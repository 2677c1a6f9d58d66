"""`tocsin trace`: one article by URL, id or words, with everything that became of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.model import Spike, Threshold
from pipelines.explaining.finding import find_articles
from pipelines.explaining.links import Link
from pipelines.explaining.trace import Trace, trace
from pipelines.notifying.planning import Receiver
from schemas.article import Article
from schemas.reasons import EventTimeReason, LanguageSupport
from schemas.wire import SignalsRecord, decode_signals
from tests.pipeline.explaining.scripted import RULE, Script, article, at, refuse
from tests.pipeline.explaining.test_why import told
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, pair_rule, signal
from tocsin.cli import cli
from tocsin.commands.trace import lines_of

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


def first_failing(way: Trace) -> tuple[Link, str, str]:
    assert way.failing is not None
    return way.failing.link, way.failing.rule, way.failing.text


def one_of(script: Script, folder: Path, query: str, *articles: Article) -> Trace:
    return way_of(script.desk(folder, articles), query)


def test_it_names_the_first_failing_link_up_to_the_extraction(desk: Desk) -> None:
    assert first_failing(way_of(desk, "lost-article")) == (Link.EXTRACTED, "", "it was not extracted yet")
    said = run(desk, "lost-article").stdout
    assert "first failing link: EXTRACTED: it was not extracted yet" in said
    assert json.loads(run(desk, "lost-article", "--json").stdout)["broken"]["link"] == "extracted"


def test_an_article_that_lies_in_the_dead_letters_alone_is_found_there(tmp_path: Path) -> None:
    desk = Script(hours=3).desk(tmp_path)
    lost = article("refused-article", at(1), "Nobody could read this")
    refuse(desk, lost, at(2))
    for query in ("refused-article", "https://alfa.example/refused-article", "nobody could read"):
        way = way_of(desk, query)
        assert first_failing(way) == (
            Link.EXTRACTED,
            "",
            "it lies in the dead letters: extract: extraction_failed (the model would not)",
        )


FAILING = {
    "dated": (
        Script(hours=3).put(signal("asked-about", at(1), reason=EventTimeReason.BACKFILL)),
        Link.DATED,
        "no date",
    ),
    "too old": (Script(hours=3).put(signal("asked-about", at(-40), observed_at=at(1))), Link.DATED, "a day late"),
    "another pair": (
        Script(hours=3).put(
            signal("asked-about", at(1), pair=("AZE", "GEO")).model_copy(
                update={"language_support": LanguageSupport.FULL}
            )
        ),
        Link.ACTORS,
        "RUS was not found in it",
    ),
    "edited away": (
        Script(rules=(pair_rule("abroad", Spike(), one="GBR", other="UKR"), RULE), hours=3).put(
            signal("asked-about", at(1)), signal("asked-about", at(1), revised_at=at(1.5), pair=None)
        ),
        Link.NEWEST,
        "an earlier version matched",
    ),
    "no feed": (
        Script(hours=3, failing=lambda hour: ("alfa",) if hour == 1 else ()).put(signal("asked-about", at(1.2))),
        Link.COUNTED,
        "its feed alfa was not seen in its hour",
    ),
    "too few": (Script(hours=3).put(signal("asked-about", at(1))), Link.EXPECTATION, "not far enough"),
    "copies": (
        Script(hours=4, background=False).put(
            *(signal(f"c{n}", at(1), feed=FEED_IDS[n % 6], wording="same") for n in range(9)),
            signal("asked-about", at(1.1), wording="same"),
        ),
        Link.DUPLICATE,
        "10 articles tell 1 story",
    ),
    "nobody told": (
        Script(hours=4).burst(1.1, 14, name="asked-about-"),
        Link.ROUTED,
        "the notifier has not come to it",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_it_names_the_first_failing_link(name: str, tmp_path: Path) -> None:
    script, link, text = FAILING[name]
    found = one_of(script, tmp_path, "asked-about" if name != "nobody told" else "asked-about-3")
    assert found.failing is not None
    assert found.failing.link is link, found.failing
    assert found.failing.rule == "baku-moscow"
    assert text in found.failing.text


def test_what_was_told_holds_to_the_end(tmp_path: Path) -> None:
    desk = Script(hours=4).burst(2.1, 14).desk(tmp_path)
    told(desk, Receiver("phone"))
    way = way_of(desk, "https://delta.example/b3")
    assert way.failing is None
    (tmp_path / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    said = run(desk, "https://delta.example/b3").stdout
    assert "every link held: it was counted, it rang, and somebody was told" in said
    assert "told phone: delivered" in said


def test_what_rang_without_naming_it_is_told_as_that(tmp_path: Path) -> None:
    desk = Script(hours=4).burst(2.1, 45).desk(tmp_path)
    told(desk, Receiver("phone"))
    with desk.opened() as (_, store):
        unnamed = next(n for n in range(45) if not store.evidence_of_article(f"b{n}"))
    way = way_of(desk, f"b{unnamed}")
    said = "\n".join(lines_of(way))
    assert "every link held: it was counted, baku-moscow AZE-RUS rang, and somebody was told of that" in said
    assert "none names it: an event names at most 30 of the articles that it counted" in said
    assert "it is evidence of none" not in said


def test_only_what_may_be_meant_is_decoded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def counting(raw: bytes) -> SignalsRecord:
        decoded.append(raw)
        return decode_signals(raw)

    monkeypatch.setattr("pipelines.explaining.finding.decode_signals", counting)
    with desk.log() as log:
        (found,) = find_articles(log, "https://bravo.example/copy-of-one-1")
    assert len(found.signals) == 1
    assert len(decoded) == 2, "once to see that it is meant, once of all of its records"


@pytest.mark.parametrize("words", ['said: "No"', "back\\slash", "STRASSE", "ﬁnal", "İzmir"])
def test_words_are_found_however_json_writes_them(words: str, tmp_path: Path) -> None:
    title = {"STRASSE": "die Straße", "ﬁnal": "the final word"}.get(words, f"a {words} b")
    desk = Script(hours=2, background=False).desk(tmp_path, [article("odd-article", at(1), title)])
    with desk.log() as log:
        assert [one.article_id for one in find_articles(log, words)] == ["odd-article"]
