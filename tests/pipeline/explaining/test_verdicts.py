"""Verdicts, scorecards, and what a noise verdict proposes: every effect it states is what the engine does with that rule."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.detector_model import Budget
from alerts.rules.directory import FixedDirectory
from alerts.rules.model import Corroboration, Floors, Mode, Rule, Spike, Threshold
from pipelines.backtest.truth import read_truth
from pipelines.explaining.proposals import AS_IT_IS, JudgedAlert, _variants, judged_alerts, proposals
from pipelines.explaining.rule_replay import replay_rules
from pipelines.explaining.scorecards import opened_by, scorecards, span_of
from schemas.alert_event import AlertEvent, Counts
from schemas.errors import UsageError
from schemas.ports.store import Opening
from schemas.reasons import EventKind, Judgement
from tests.pipeline.explaining.scripted import RULE as SCRIPTED
from tests.pipeline.explaining.scripted import Script, at
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, pair_rule
from tocsin.cli import cli

RULE = pair_rule("baku-moscow", Spike(floors=Floors(stories=3, publishers=2, times=2.0)))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A wide burst, then days later a burst of two publishers only."""
    folder = tmp_path_factory.mktemp("desk")
    wide = Script(rules=(RULE,), hours=160).burst(2.1, 18)
    desk = wide.burst(120.1, 12, feeds=FEED_IDS[:2], name="n").desk(folder)
    (folder / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    return desk


def alerts(desk: Desk) -> list[AlertEvent]:
    with desk.store() as store:
        return [event for event in store.events() if event.event is EventKind.OPENED]


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "-C", str(desk.folder)])


def test_the_replay_rings_what_rang(desk: Desk) -> None:
    with desk.log() as log:
        replayed = replay_rules(log, {AS_IT_IS: RULE, "off": RULE.model_copy(update={"mode": Mode.OFF})})
    assert [one.opened.crossing for one in replayed.alerts[AS_IT_IS]] == [a.crossing for a in alerts(desk)]
    assert [one.opened.score for one in replayed.alerts["off"]] == [a.score for a in alerts(desk)]
    assert replayed.alerts[AS_IT_IS][0].until is not None
    assert {one.key for one in replayed.alerts["off"]} == {"AZE-RUS"}


def test_a_proposal_does_what_it_says(desk: Desk) -> None:
    wide, narrow = alerts(desk)
    useful = JudgedAlert("AZE-RUS", wide.at, None, Judgement.USEFUL)
    noise = JudgedAlert("AZE-RUS", narrow.at, None, Judgement.NOISE)
    with desk.log() as log:
        found = proposals(log, RULE, noise, [useful, noise])
        best = found[0]
        assert best.silences_it
        assert (best.useful_kept, best.useful, best.noise_gone, best.noise) == (1, 1, 1, 1)
        changes = {one.change for one in found if one.silences_it and one.useful_kept}
        assert "spike: {min: {publishers: 3}}" in changes
        floors = Floors(stories=3, publishers=3, times=2.0)
        tried = replay_rules(log, {"x": pair_rule("baku-moscow", Spike(floors=floors))}).alerts["x"]
    assert [one.opened.crossing for one in tried] == [wide.crossing]
    assert all(one.alerts <= one.alerts_before == 2 for one in found)


@pytest.mark.parametrize(
    "rule",
    [
        pair_rule("baku-moscow", Threshold(count=5, within_h=6)),
        RULE.model_copy(update={"corroborated_by": Corroboration(source_countries=2)}),
    ],
)
def test_every_kind_of_rule_gets_proposals(desk: Desk, rule: Rule) -> None:
    had = Counts(stories=12, publishers=2, articles=12)
    noise = JudgedAlert("AZE-RUS", alerts(desk)[1].at, None, Judgement.NOISE, had)
    with desk.log() as log:
        found = proposals(log, rule, noise, [noise])
    assert found
    assert found[0].silences_it
    if isinstance(rule.when[0], Threshold):
        assert found[0].change == "threshold: {count: 13}"
        assert "threshold: {count: 18}" not in {one.change for one in found}, "no more than it takes"


def test_a_smaller_budget_is_proposed_as_it_would_be_written(desk: Desk) -> None:
    floors, allowed = Floors(stories=3, publishers=2, times=2.0), Budget(false_alarms_per_month=0.1)
    rule = pair_rule("baku-moscow", Spike(floors=floors, budget=allowed, sensitivity=None))
    wide, narrow = alerts(desk)
    useful = JudgedAlert("AZE-RUS", wide.at, None, Judgement.USEFUL)
    noise = JudgedAlert("AZE-RUS", narrow.at, None, Judgement.NOISE, Counts(stories=12, publishers=2, articles=12))
    with desk.log() as log:
        found = {one.change: one for one in proposals(log, rule, noise, [useful, noise])}
        half = Spike(floors=floors, budget=Budget(false_alarms_per_month=0.05), sensitivity=None)
        tried = replay_rules(log, {"half": pair_rule("baku-moscow", half)}).alerts["half"]
    smaller = [change for change in found if "budget" in change]
    assert smaller == ["spike: {budget: {false_alarms: 0.05, per: month}}"], "no less than it takes"
    assert found[smaller[0]].silences_it
    assert (found[smaller[0]].useful_kept, found[smaller[0]].alerts) == (1, len(tried)) == (1, 1)


def test_detectors_of_one_kind_are_told_apart_and_changed_together(desk: Desk) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=5, within_h=6), Threshold(count=5, within_h=24))
    had = Counts(stories=12, publishers=2, articles=12)
    noise = JudgedAlert("AZE-RUS", alerts(desk)[1].at, None, Judgement.NOISE, had)
    variants = dict(_variants(rule, had))
    assert len(variants) == len(list(_variants(rule, had)))
    assert {name.partition(":")[0] for name in variants} == {"threshold no. 1", "threshold no. 2", "corroborated_by"}
    both = "threshold no. 1: {count: 13} and threshold no. 2: {count: 13}"
    assert [getattr(detector, "count", 0) for detector in variants[both].when] == [13, 13]
    assert [getattr(one, "count", 0) for one in variants["threshold no. 2: {count: 13}"].when] == [5, 13]
    with desk.log() as log:
        found = {one.change: one for one in proposals(log, rule, noise, [noise])}
    assert found[both].silences_it
    assert "threshold no. 2: {count: 13}" not in found, "the other rings by itself"


def test_verdict_and_scorecard_by_command(desk: Desk) -> None:
    wide, narrow = alerts(desk)
    assert run(desk, "alerts", "verdict", wide.alert_id[:10], "useful").exit_code == 0
    said = run(desk, "alerts", "verdict", narrow.alert_id[:10], "noise", "--note", "two sites only")
    assert said.exit_code == 0, said.output
    assert (
        "silences it, keeps 1 of 1 judged useful, removes 1 of 1 judged noise, leaves 1 of 2 alerts in the log"
        in said.stdout
    )
    (card,) = map(json.loads, run(desk, "rules", "scorecard", "--json").stdout.splitlines())
    assert (card["alerts"], card["useful"], card["noise"], card["useful_share"]) == (2, 1, 1, 0.5)
    assert "50% useful" in run(desk, "rules", "scorecard").stdout
    assert run(desk, "alerts", "verdict", "nothing", "noise").exit_code != 0


def test_verdicts_become_a_list_of_what_happened(desk: Desk, tmp_path: Path) -> None:
    wide, narrow = alerts(desk)
    assert run(desk, "alerts", "verdict", wide.alert_id[:10], "noise", "--no-proposal").exit_code == 0
    assert run(desk, "alerts", "verdict", wide.alert_id[:10], "useful").exit_code == 0, "the newest stands"
    assert run(desk, "alerts", "verdict", narrow.alert_id[:10], "noise", "--no-proposal").exit_code == 0
    out = tmp_path / "truth" / "events.csv"
    said = run(desk, "truth", "verdicts", "--out", str(out))
    assert said.exit_code == 0, said.output
    assert said.stdout == f"2 verdicts, 1 useful: 1 event in {out}\n"
    [event] = read_truth(
        out.read_text(), str(out), FixedDirectory({"AZE": ("country", "A"), "RUS": ("country", "R")}), []
    )
    with desk.store() as store:
        ended = next(e.at for e in store.events(alert_id=wide.alert_id) if e.event is EventKind.RESOLVED)
    assert (event.watch, event.start) == ("AZE-RUS", wide.at.replace(microsecond=0))
    assert abs(event.end - ended) < timedelta(seconds=1)
    assert event.event, "it is called after its first headline"


def test_a_verdict_is_taken_back(desk: Desk) -> None:
    wide, _ = alerts(desk)
    judged = ["alerts", "verdict", wide.alert_id[:10]]
    assert run(desk, *judged, "noise", "--no-proposal").exit_code == 0
    assert run(desk, *judged, "undo").stdout.endswith("verdict taken back\n")
    with desk.store() as store:
        assert wide.alert_id not in store.verdicts()
    again = run(desk, *judged, "undo")
    assert isinstance(again.exception, UsageError)
    assert "no verdict that could be taken back" in str(again.exception)


def test_shadow_and_live_have_cards_of_their_own(desk: Desk) -> None:
    wide, narrow = alerts(desk)
    opened = opened_by(
        [Opening("r", "live", one.alert_id) for one in (wide, narrow, wide)] + [Opening("r", "shadow", wide.alert_id)]
    )
    cards = scorecards(opened, (wide.at, wide.at + timedelta(days=21)), {})
    assert [(card.mode, card.alerts, card.unjudged, card.useful_share) for card in cards] == [
        ("live", 2, 2, None),
        ("shadow", 1, 1, None),
    ]
    assert cards[0].a_week == pytest.approx(2 / 3, abs=0.01)
    assert scorecards({}, None, {}) == []
    with desk.store() as store:
        events = list(store.events())
        assert span_of(store) == (events[0].at, events[-1].at)


def test_a_log_that_does_not_reach_back_says_so(tmp_path: Path) -> None:
    desk = Script(rules=(RULE,), hours=6).burst(2.1, 12).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text(f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\n')
    with desk.log() as log:
        log.trim("signals", 0, log.end_offset("signals", 0) - 1)
    said = run(desk, "alerts", "verdict", alerts(desk)[0].alert_id[:10], "noise")
    assert said.exit_code == 0
    assert "does not reach back" in said.stderr
    assert at(2) < alerts(desk)[0].at + timedelta(hours=1)


def test_an_alert_that_grew_and_was_soon_followed_by_another_gets_a_change_that_tells_them_apart(
    tmp_path: Path,
) -> None:
    """Its last event told of ten stories, the window held twelve; the next one opened as soon as the key had rested."""
    desk = Script(hours=80).burst(2.1, 9).burst(52.2, 24, name="c").desk(tmp_path)
    with desk.opened() as (log, store):
        first, second = (event for event in store.events() if event.event is EventKind.OPENED)
        judged = judged_alerts(
            list(store.events()),
            {first.alert_id: Judgement.NOISE, second.alert_id: Judgement.USEFUL},
            "baku-moscow",
        )
        found = proposals(log, SCRIPTED, judged[0], judged)
    best = found[0]
    assert best.silences_it
    assert (best.useful_kept, best.useful, best.noise_gone, best.noise) == (1, 1, 1, 1)
    assert "min: {stories:" in best.change
