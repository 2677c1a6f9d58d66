"""`rules diff` and `rules check --history`: rule files against what the log holds."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.levels import Level
from alerts.rules.model import (
    Budget,
    Confirm,
    Corroboration,
    Drop,
    Floors,
    Mode,
    New,
    PartOf,
    Rule,
    Shift,
    SourcesPart,
    Spike,
    Threshold,
    Unit,
)
from alerts.tracks.bars import most_keys
from connectors.clock import SystemClock
from connectors.log.open import open_log
from pipelines.explaining.never import Doubt, History, doubts, history_of
from schemas.article import Source
from schemas.reasons import Severity
from schemas.wire import SignalsRecord
from tests.pipeline.explaining.scripted import Script
from tests.streams.deciding import Desk
from tests.streams.records import coverage, pair_rule, signal
from tests.streams.world import START
from tocsin.cli import cli
from tocsin.service import put_rules_into_force
from tocsin.workplace import open_workplace

TWO = History(sources=(Source(id="a", country="AZE"), Source(id="b", country="AZE")), hits={})


def said(rule: Rule, history: History = TWO) -> list[Doubt]:
    return doubts([rule], history)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            pair_rule("r", Threshold(count=1, within_h=6, floors=Floors(publishers=3))),
            "can never ring: 2 publishers in your feeds, threshold needs 3",
        ),
        (
            pair_rule("r", Threshold(count=4, within_h=6, of=Unit.PUBLISHERS)),
            "can never ring: 2 publishers in your feeds, threshold needs 4",
        ),
        (
            pair_rule("r", New(quiet_for_h=24, confirm=Confirm(publishers=3))),
            "can never ring: 2 publishers in your feeds, new needs 3",
        ),
        (
            pair_rule("r", Spike()).model_copy(update={"corroborated_by": Corroboration(source_countries=2)}),
            "can never ring: publishers of 1 country in your feeds, corroborated_by asks for 2",
        ),
    ],
)
def test_what_can_never_ring_is_told_with_its_numbers(rule: Rule, text: str) -> None:
    assert said(rule) == [Doubt("r", True, text)]


def test_filters_of_sources_are_taken_into_account() -> None:
    rule = pair_rule("r", Spike())
    nobody = rule.model_copy(update={"watch": rule.watch.model_copy(update={"sources": SourcesPart(ids=("x",))})})
    assert said(nobody) == [Doubt("r", True, "can never ring: none of your 2 feeds is among its sources")]
    one = rule.model_copy(update={"watch": rule.watch.model_copy(update={"sources": SourcesPart(except_ids=("a",))})})
    assert said(one)[0].text == "can never ring: only 1 of the 2 publishers in your feeds can have it, spike needs 2"


def test_a_floor_asks_for_no_more_publishers_than_those_that_count_but_for_two() -> None:
    four = History(sources=tuple(Source(id=name) for name in "abcd"), hits={})
    watch = pair_rule("r", Spike()).watch.model_copy(update={"sources": SourcesPart(ids=("a", "b"))})
    two = pair_rule("r", Spike()).model_copy(update={"watch": watch})
    assert said(two, four) == []
    assert said(two, TWO) == []
    watch = watch.model_copy(update={"sources": SourcesPart(ids=("a",))})
    one = two.model_copy(update={"watch": watch})
    assert [doubt.text for doubt in said(one, four)] == [
        "can never ring: only 1 of the 4 publishers in your feeds can have it, spike needs 2"
    ]
    alone = Spike(floors=Floors(stories=4, publishers=1, times=2))
    assert said(one.model_copy(update={"when": (alone,)}), four) == []


def test_the_part_of_a_shift_has_publishers_of_its_own() -> None:
    part = Shift(to=PartOf(sources=SourcesPart(countries=("GEO",))))
    (doubt,) = said(pair_rule("r", part))
    assert doubt.text == "can never ring: only 0 of the 2 publishers in your feeds can have it, shift needs 2"


def test_what_is_missing_needs_nobody_else() -> None:
    corroborated = {"corroborated_by": Corroboration(source_countries=2)}
    assert said(pair_rule("r", Drop()).model_copy(update=corroborated)) == []


def test_one_of_several_detectors_is_a_note_and_a_good_rule_is_none() -> None:
    both = pair_rule("r", Spike(), Threshold(count=1, within_h=6, floors=Floors(publishers=3)))
    (doubt,) = said(both)
    assert not doubt.never
    assert "one of its detectors can never ring" in doubt.text
    assert said(pair_rule("r", Spike())) == []
    off = pair_rule("r", New(quiet_for_h=24, confirm=Confirm(publishers=3))).model_copy(update={"mode": Mode.OFF})
    assert said(off) == []


def test_a_statistical_floor_asks_for_no_more_publishers_than_there_are() -> None:
    assert said(pair_rule("r", Spike(floors=Floors(stories=4, publishers=9, times=2)))) == []


def test_what_the_history_shows() -> None:
    rules = [pair_rule("found", Spike()), pair_rule("not", New(quiet_for_h=48), one="FRA", other="DEU")]
    records: list[SignalsRecord] = [signal("a1", START), signal("a1", START), coverage(START)]
    history = history_of(records, rules)
    assert (history.articles, history.hits) == (1, {"found": 1, "not": 0})
    texts = [doubt.text for doubt in doubts(rules, history)]
    assert texts == ["found nothing in 1 article of 0 days", "new is silent until 2025-01-08: the history has 0 days"]


def test_a_level_for_more_publishers_than_there_are_is_told() -> None:
    levels = (Level(severity=Severity.HIGH, publishers=2), Level(severity=Severity.CRITICAL, publishers=3))
    rule = pair_rule("r", Threshold(count=1, within_h=6)).model_copy(update={"levels": levels})
    text = "critical is never reached: 2 publishers in your feeds can have it, it asks for 3"
    assert said(rule) == [Doubt("r", False, text)]


def heard(keys: int, each: int, days_ago: int = 0) -> History:
    """Return a history in which a rule ``r`` found so many keys, each with so many articles."""
    at = START - timedelta(days=days_ago)
    hears = {f"A-B{number}": [at] * each for number in range(keys)}
    return History(TWO.sources, 1, START - timedelta(days=90), START, {"r": 1}, heard={"r": hears})


def allowing(false_alarms: float) -> Spike:
    return Spike(sensitivity=None, budget=Budget(false_alarms_per_month=false_alarms))


def with_budget(false_alarms: float) -> Rule:
    return pair_rule("r", allowing(false_alarms))


def test_a_budget_that_cannot_be_kept_is_told_with_what_rings_instead() -> None:
    most = most_keys(allowing(0.01))
    assert most is not None
    assert said(with_budget(0.01), heard(most, 100)) == []
    (doubt,) = said(with_budget(0.01), heard(2 * most, 100))
    assert doubt == Doubt(
        "r",
        False,
        f"its budget of 0.01 false alarms a month is less than a spike can keep to: {2 * most:,} keys"
        " had an article in the last 28 days, and at its highest bar these ring 0.02 a month",
    )
    assert said(with_budget(0.02), heard(2 * most, 100)) == []
    assert said(with_budget(0.01), heard(2 * most, 100, days_ago=29)) == [], "who was silent for 28 days shares nothing"
    assert said(pair_rule("r", Spike()), heard(2 * most, 100)) == []


def test_seldom_keys_are_told_by_their_own_curve() -> None:
    most = most_keys(allowing(0.01), seldom=True)
    assert most is not None
    assert said(with_budget(0.01), heard(most + 1, 34)) == [], "one each 20 hours is no seldom key"
    (doubt,) = said(with_budget(0.01), heard(most + 1, 33))
    assert f"{most + 1:,} keys that are seldom heard of had an article" in doubt.text


def test_who_was_heard_of_is_known_by_key_for_28_days() -> None:
    (rule,) = rules = [pair_rule("found", Spike())]
    later, old = START + timedelta(days=20), START - timedelta(days=9)
    records = [signal("a0", old), signal("a1", START), signal("a1", START), signal("a2", later)]
    (times,) = history_of(records, rules).heard[rule.name].values()
    assert list(times) == [START, later], "each article once, and none of more than 28 days before the newest"


RULES = """rules:
  - name: baku-moscow
    watch: {pair: [Azerbaijan, Russia]}
    when: {spike: {min: {stories: 4, publishers: %d}}}
  - name: lonely
    watch: {pair: [Azerbaijan, Georgia]}
    when: {threshold: {count: 1, within: 6h, min: {publishers: 9}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk whose rules in force need two publishers, and whose files need more."""
    desk = Script(rules=(), hours=30).burst(26.1, 12, feeds=["alfa", "bravo"]).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\nrules = ["r.yaml"]\n'
    )
    (tmp_path / "r.yaml").write_text(RULES % 2)
    assert run(tmp_path, "rules", "apply").exit_code == 0
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "-C", str(folder)])


def test_on_a_long_log_new_rules_are_warmed_while_those_in_force_decide(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(folder)
    desk.decide()
    monkeypatch.setattr("pipelines.activate_rules.MOST_SIGNALS_AT_ONCE", 10)
    (folder / "r.yaml").write_text(RULES % 3)
    applied = run(folder, "rules", "apply")
    assert "2 rules being warmed on the history; until then the rules of before decide (" in applied.stdout
    newest, *_ = run(folder, "rules", "history").stdout.splitlines()
    assert newest.endswith("  newest  waits for `decide`")
    with open_log(desk.log_url, SystemClock()) as log, desk.store() as store:  # `apply` writes at the time it is.
        job = desk.job(log, store)
        job.recover()
        job.step()
        newest, *_ = run(folder, "rules", "history").stdout.splitlines()
        assert newest.endswith("  newest  being warmed")
        assert "these rules are being warmed already" in run(folder, "rules", "apply").stdout
        changed = run(folder, "rules", "diff")
        assert "baku-moscow  1 → 0 alerts" in changed.stdout, "beside the rules in force, not those being warmed"
        why = run(folder, "alerts", "why", "baku-moscow")
        assert why.exit_code == 0, why.output
        words = put_rules_into_force(open_workplace(folder))
        assert "are in force while the new ones" in words
        while job.tend() or job.engine.waiting is not None:
            pass
    newest, *_ = run(folder, "rules", "history").stdout.splitlines()
    assert newest.endswith("  newest")
    assert "the rule files are the rules in force" in run(folder, "rules", "diff").stderr
    assert put_rules_into_force(open_workplace(folder)).startswith("2 in force (")
    back = run(folder, "rules", "rollback", "2")
    assert "being warmed on the history; until then the rules of before decide: back to 2" in back.stdout


def test_a_change_is_shown_by_the_alerts_it_costs(folder: Path) -> None:
    same = run(folder, "rules", "diff")
    assert (same.stdout, same.exit_code) == ("", 0)
    assert "the rule files are the rules in force" in same.stderr
    (folder / "r.yaml").write_text(RULES % 3)
    changed = run(folder, "rules", "diff")
    assert changed.exit_code == 0, changed.output
    assert "baku-moscow  1 → 0 alerts: 0 added, 1 lost" in changed.stdout
    assert "  - 2025-01-" in changed.stdout
    assert "lonely" not in changed.stdout
    (line,) = map(json.loads, run(folder, "rules", "diff", "--json").stdout.splitlines())
    assert (line["before"], line["after"], len(line["lost"])) == (1, 0, 1)


def test_check_with_the_history_fails_where_a_rule_can_never_ring(folder: Path) -> None:
    assert run(folder, "rules", "check").exit_code == 0
    checked = run(folder, "rules", "check", "--history")
    assert checked.exit_code == 1, checked.output
    assert "NEVER   lonely: can never ring: 5 publishers in your feeds, threshold needs 9" in checked.stdout
    assert "baku-moscow: " not in checked.stdout
    lines = [json.loads(line) for line in run(folder, "rules", "check", "--history", "--json").stdout.splitlines()]
    assert [line["never"] for line in lines if line["kind"] == "doubt"] == [True, False]


def test_nothing_is_claimed_of_an_empty_log(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('rules = ["r.yaml"]\n')
    (tmp_path / "r.yaml").write_text(RULES % 2)
    checked = run(tmp_path, "rules", "check", "--history")
    assert checked.exit_code == 0
    assert (
        checked.stderr.splitlines()[-1] == "the log holds no articles yet: what your rules find in them cannot be said"
    )
