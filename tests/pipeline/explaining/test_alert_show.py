"""`alerts show`: what an alert opened on, computed again from the log, and what its rule was then."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.explanation.names import NamesById
from alerts.rules.model import Floors, Rule, Sensitivity, Spike
from connectors.store.parsed_events import parsed_event
from pipelines.explaining.alert_then import AlertThen, alert_then, offset_of
from pipelines.explaining.engine_then import engine_then
from pipelines.explaining.rule_text import rule_text
from schemas.alert_event import AlertEvent
from schemas.errors import FatalError
from schemas.ports.log import Entry
from schemas.ports.response import Acknowledgement, AlertVerdict, Silence
from schemas.ports.store import RuleSet
from schemas.reasons import EventKind, Judgement
from schemas.topics import SIGNALS
from tests.pipeline.explaining.scripted import Script, at
from tests.pipeline.explaining.silenced import still_rings
from tests.streams.deciding import Desk, desk_in
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.unit.rules.world import rule
from tocsin.cli import cli

RULE = pair_rule("baku-moscow", Spike(sensitivity=Sensitivity.LOW, floors=Floors(stories=3, publishers=2, times=1.5)))


WORDS = rule("{keywords: {any: [Airliner]}}", when="{threshold: {count: 3, within: 6h}}", name="words")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """An alert whose articles come slowly, about something new."""
    folder = tmp_path_factory.mktemp("desk")
    script = Script(rules=(RULE, WORDS), hours=10)
    for n in range(9):
        moment = at(2) + timedelta(minutes=10 * n)
        made = signal(f"x{n}", moment, feed=FEED_IDS[n % 6])
        title = f"Airliner shot down near Aktau, report {n}"
        script.put(made.model_copy(update={"title": title, "text": title}))
        script.put(signal(f"u{n}", moment, pair=("GEO", "TUR")))  # Nothing that the rule can hit.
    desk = script.desk(folder)
    (folder / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    return desk


def opened(desk: Desk, rule: str = RULE.name) -> AlertEvent:
    with desk.store() as store:
        return next(event for event in store.events(rule=rule) if event.event is EventKind.OPENED)


def then(desk: Desk, rule: str = RULE.name) -> AlertThen:
    event = opened(desk, rule)
    with desk.opened() as (log, store):
        evidence = list(store.evidence(event.evidence).values())
        return alert_then(log, store, desk.snapshots, event, evidence, NamesById())


def show(desk: Desk, *options: str) -> Result:
    return CliRunner().invoke(cli, ["alerts", "show", opened(desk).alert_id[:10], "-C", str(desk.folder), *options])


def test_the_window_it_opened_on_is_the_one_in_the_ledger(desk: Desk) -> None:
    event = opened(desk)
    assert event.window is not None
    (window,) = [s for s in then(desk).windows if s.verdict.window_h == event.window.hours]
    assert window.missing == ()
    assert window.verdict.counts == event.counts
    assert round(window.verdict.score or 0, 3) == event.score


def test_the_hours_hold_what_was_counted(desk: Desk) -> None:
    hours = then(desk).hours
    assert hours[-1].count == opened(desk).counts.stories
    assert all(hour.expected is not None for hour in hours)


def test_more_sensitive_rules_would_have_rung_sooner(desk: Desk) -> None:
    sooner = then(desk).sooner
    assert set(sooner) == {Sensitivity.HIGH, Sensitivity.NORMAL}
    opened_by = at(2) + timedelta(minutes=10 * (opened(desk).counts.stories - 1))
    assert sooner[Sensitivity.HIGH].at <= sooner[Sensitivity.NORMAL].at < opened_by
    assert 2.5 <= sooner[Sensitivity.HIGH].score < 4


def test_the_article_that_rang_is_named_with_the_time_it_was_taken_in(desk: Desk) -> None:
    rung_by, stories = then(desk).rung_by, opened(desk).counts.stories
    assert rung_by is not None
    assert rung_by.title == f"Airliner shot down near Aktau, report {stories - 1}"
    assert rung_by.at == at(2) + timedelta(minutes=10 * (stories - 1))
    assert "rung by    “Airliner shot down near Aktau" in show(desk).stdout


def test_each_setting_that_would_have_silenced_it_does_for_as_long_as_it_is_open(desk: Desk) -> None:
    event, found = opened(desk), then(desk)
    assert event.counts.stories < 9, "it opens before all nine are there"

    def with_stories(least: int) -> Rule:
        floors = Floors(stories=least, publishers=2, times=1.5)
        return pair_rule("baku-moscow", Spike(sensitivity=Sensitivity.LOW, floors=floors))

    (asked,) = (int(text.removeprefix("min: {stories: ")[:-1]) for text in found.silenced_by if "stories" in text)
    assert still_rings(desk, with_stories(event.counts.stories + 1), event), "a story later it would ring all the same"
    assert still_rings(desk, with_stories(asked - 1), event), "one less is too few"
    assert not still_rings(desk, with_stories(asked), event)
    assert f"(each alone, for as long as it was open up to {at(10):%Y-%m-%d %H:%M})" in show(desk).stdout


def test_the_words_that_are_new(desk: Desk) -> None:
    words = then(desk).new_words
    assert {"Airliner", "Aktau"} <= set(words)
    assert "meet" not in words


def test_the_words_that_a_rule_looks_for_are_no_news(desk: Desk) -> None:
    words = then(desk, WORDS.name).new_words
    assert "Aktau" in words
    assert "Airliner" not in words


def test_passing_over_what_the_rule_cannot_hit_changes_no_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    passing_over = then(desk)
    monkeypatch.setattr("pipelines.explaining.alert_then._forms_of", lambda store, name: [])
    assert then(desk) == passing_over


def test_a_snapshot_shortens_the_way_and_changes_no_answer(desk: Desk, tmp_path: Path) -> None:
    again = desk_in(tmp_path, [])
    with desk.log() as log, again.log() as copy:
        copy.append(SIGNALS, [Entry(0, r.value) for r in log.read(SIGNALS, 0, 0, max_records=100_000)])
    again.decide(batch=20, snapshot_every=20)
    event = opened(again)
    with again.opened() as (log, store):
        moment = event.at - timedelta(hours=26)
        stepped = engine_then(log, store, again.snapshots, event.at, event.at, shorten=True, heard_from=moment)
    assert stepped.began > 200
    assert then(again) == then(desk)


def test_for_people_and_for_scripts(desk: Desk) -> None:
    said = show(desk)
    assert said.exit_code == 0, said.output
    for words in ("near miss  sensitivity high would have rung at 2025-01-18 02:", "silenced by ", "new words  ", "█"):
        assert words in said.stdout, said.stdout
    lines = [json.loads(line) for line in show(desk, "--json").stdout.splitlines()]
    explained = next(line["explained"] for line in lines if line["event"] == "opened")
    assert explained["sooner"][0]["sensitivity"] == "high"
    assert explained["hours"][-1]["count"] >= 3
    assert "near miss" not in show(desk, "--short").stdout


def test_who_answered_is_told(desk: Desk) -> None:
    assert "Answers\n  nobody answered yet" in show(desk, "--short").stdout
    event = opened(desk)
    with desk.store() as store:
        store.acknowledge(Acknowledgement(alert_id=event.alert_id, at=at(4), author="ann", comment="on it"))
        for number, (name, key) in enumerate([(event.rule, event.key), (event.rule, "GEO-TUR"), (WORDS.name, "")]):
            store.add_silence(
                Silence(silence_id=f"s{number}", created_at=at(5), author="bob", rule=name, key=key, ends_at=at(6))
            )
        store.add_verdict(
            AlertVerdict(alert_id=event.alert_id, at=at(7), author="cid", judgement=Judgement.USEFUL, note="early")
        )
    said = show(desk, "--short").stdout.partition("Answers\n")[2].splitlines()
    assert said == [
        f"  {at(4):%Y-%m-%d %H:%M}  ann acknowledged: on it",
        f"  {at(5):%Y-%m-%d %H:%M}  bob silenced rule {event.rule} {event.key}: until {at(6):%Y-%m-%d %H:%M}",
        f"  {at(7):%Y-%m-%d %H:%M}  cid judged useful: early",
    ]
    (told,) = (
        line["answers"]
        for line in map(json.loads, show(desk, "--short", "--json").stdout.splitlines())
        if line["event"] == "opened"
    )
    assert [answer["who"] for answer in told] == ["ann", "bob", "cid"]


def test_a_trimmed_log_leaves_what_the_ledger_holds(tmp_path: Path) -> None:
    desk = Script(rules=(RULE,), hours=6).burst(2.1, 9).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text(f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\n')
    with desk.log() as log:
        log.trim("signals", 0, log.end_offset("signals", 0))
    said = show(desk)
    assert said.exit_code == 0, said.output
    assert "the hours cannot be computed again" in said.stdout
    assert "Evidence by story" in said.stdout
    with pytest.raises(FatalError):
        then(desk)


def test_the_ledger_is_read_no_further_than_the_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Script(rules=(RULE,), hours=160).burst(2.1, 18).burst(120.1, 18, name="c").desk(tmp_path)
    with desk.store() as store:
        alerts = {event.alert_id for event in store.events() if event.alert_id}
        second = [event for event in store.events() if event.event is EventKind.OPENED][-1]
    assert len(alerts) == 2
    read: list[str] = []

    def noted(position: int, body: bytes) -> AlertEvent:
        event = parsed_event(position, body)
        read.append(event.alert_id)
        return event

    monkeypatch.setattr("connectors.store.ledger.parsed_event", noted)
    with desk.store() as store:
        assert offset_of(store, second) > 0
    assert set(read) == {second.alert_id}


def test_the_rule_as_it_was_written() -> None:
    text = """# caucasus.yaml
rules:
  # first
  - name: one
    watch: {pair: [AZE, RUS]}
    when:
      - spike: {}

  - name: two
    when: spike
  - {name: "three", watch: {actor: AZE}, when: spike}
  - watch: {pair: [AZE, RUS]}
    when:
      - spike: {}
    labels: {name: five}  # name: one
    name: four # the last
  # name: five
defaults: {}
"""
    kept = RuleSet(rules_hash="h", text=text, compiled="", activated_at=at(0), log_offset=0)
    assert rule_text(kept, "one") == "- name: one\n  watch: {pair: [AZE, RUS]}\n  when:\n    - spike: {}"
    assert rule_text(kept, "two") == "- name: two\n  when: spike"
    assert rule_text(kept, "three") == '- {name: "three", watch: {actor: AZE}, when: spike}'
    assert rule_text(kept, "four").startswith("- watch: {pair: [AZE, RUS]}")
    assert rule_text(kept, "four").endswith("name: four # the last")
    assert rule_text(kept, "six") == ""
    assert rule_text(None, "one") == ""
