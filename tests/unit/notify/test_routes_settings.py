"""Routes, quiet hours and limits in the settings, and the commands that answer alerts and say where one would go."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from alerts.rules.model import RuleSet, Spike
from connectors.store.open import open_store
from pipelines.notifying.answering import next_time, silence_for
from pipelines.notifying.pacing import AtMost, DailySpan, QuietHours
from pipelines.notifying.planning import Receiver
from pipelines.notifying.routing import Matcher, lead
from schemas.alert_event import AlertEvent, Counts
from schemas.errors import TocsinError, UsageError
from schemas.ports.store import RuleSet as Kept
from schemas.reasons import Severity
from tests.contract.channels.messages import event
from tests.streams.records import pair_rule
from tests.unit.notify.world import START, Desk
from tocsin.commands import alerts, routes
from tocsin.receivers import receiver_of
from tocsin.routes_settings import parsed_matcher, routing_of
from tocsin.settings import Settings, parse_settings

GROUPS = {"alerts": alerts.command, "routes": routes.command}

RECEIVERS = """
[[receivers]]
type = "console"
name = "screen"
zone = "Asia/Baku"
quiet_hours = {begin = "23:30", end = "6:00", passes = "high"}
at_most = {count = 5, rest = "drop"}

[[receivers]]
type = "console"
name = "boss"
"""

ROUTES = """
[[routes]]
receiver = "screen"
matchers = ['desk="caucasus"']
group_by = ["rule"]
group_wait = "30s"
group_interval = "5m"
continue = true

[[routes.routes]]
matchers = ["severity=~'high|critical'", "key!=AZE-TUR"]
escalate_to = "boss"
escalate_after = "15m"

[[routes.routes]]
matchers = ["rule=drafts"]
mute = true

[[routes]]
receiver = "boss"

[[inhibit_rules]]
source_matchers = ["rule=war"]
target_matchers = ["severity=low"]
equal = ["desk"]
"""


def settings(text: str) -> Settings:
    return parse_settings(text, "tocsin.toml", {})


def test_routes_inherit_what_they_leave_out() -> None:
    read = settings(RECEIVERS + ROUTES)
    routing = routing_of(read.routes, read.inhibit_rules)
    first, second = routing.routes
    assert (first.name, first.receiver, first.continues, second.receiver) == ("route 1", "screen", True, "boss")
    assert first.grouping.by == ("rule",)
    high, drafts = first.routes
    assert (high.name, high.receiver, high.grouping) == ("route 1.1", "screen", first.grouping)
    assert high.matchers == (Matcher("severity", "=~", "high|critical"), Matcher("key", "!=", "AZE-TUR"))
    assert (high.escalate_to, high.escalate_after) == ("boss", timedelta(minutes=15))
    assert not high.continues, "that is of one route alone"
    assert drafts.receiver is None
    assert second.grouping.waits is False
    (inhibition,) = routing.inhibitions
    assert inhibition.equal == ("desk",)


def test_when_a_receiver_may_be_rung() -> None:
    screen, boss = (receiver_of(one) for one in settings(RECEIVERS).receivers)
    night = DailySpan(time(23, 30), time(6), ZoneInfo("Asia/Baku"))
    assert screen.quiet == QuietHours(night, passes=screen.quiet.passes) if screen.quiet else False
    assert screen.at_most == AtMost(5, "night", night, "drop")
    assert boss == Receiver("boss", service_events=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[routes]]\nreceiver = "nobody"', "route 1 names the receiver 'nobody'"),
        ("[[routes]]\nmatchers = []", "route 1 has no receiver"),
        ('[[routes]]\nreceiver = "boss"\nescalate_to = "x"', "'x', which is not in [[receivers]]"),
        ('[[routes]]\nreceiver = "boss"\nmute = true', "mute tells nobody"),
        ('[[routes]]\nreceiver = "boss"\nmatchers = ["severity"]', "must be a name, one of"),
        ('[[routes]]\nreceiver = "boss"\nmatchers = ["a=~(("]', "no pattern"),
        ('[[routes]]\nreceiver = "boss"\ngroup_wait = "long"', "must be a duration"),
        ('[[routes]]\nreceiver = "boss"\ngroup_wait = "91d"', "between"),
        ('[[routes]]\nreceiver = "boss"\nescalate_after = "1h"', "needs escalate_to"),
        ('[[routes]]\nreceiver = "boss"\ncontine = true', "did you mean continue?"),
        ('[[receivers]]\ntype = "console"\nname = "x"\nzone = "Mars/Olympus"', "time zone"),
        ('[[receivers]]\ntype = "console"\nname = "x"\nquiet_hours = {begin = "25:00"}', "time of day"),
        ('[[receivers]]\ntype = "console"\nname = "x"\nat_most = {count = 0}', "greater than or equal to 1"),
    ],
)
def test_mistakes_are_told(text: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        settings(RECEIVERS + text)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ('desk="cau casus"', Matcher("desk", "=", "cau casus")),
        (" desk = caucasus ", Matcher("desk", "=", "caucasus")),
        ("desk!=''", Matcher("desk", "!=", "")),
        ('key=~"AZE[->].*"', Matcher("key", "=~", "AZE[->].*")),
    ],
)
def test_matchers_as_people_write_them(text: str, matcher: Matcher) -> None:
    assert parsed_matcher(text) == matcher


def test_the_next_time_of_a_clock() -> None:
    now = datetime(2025, 6, 30, 22, 15, tzinfo=UTC)
    assert next_time(time(8), now) == datetime(2025, 7, 1, 8, tzinfo=UTC)
    assert next_time(time(22, 16), now) == datetime(2025, 6, 30, 22, 16, tzinfo=UTC)
    assert next_time(time(22, 15), now) == datetime(2025, 7, 1, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize("ends", [timedelta(), timedelta(hours=-1), timedelta(days=91)])
def test_a_silence_ends_within_reason(ends: timedelta) -> None:
    with pytest.raises(ValueError, match="within 90 days"):
        silence_for(None, author="ann", now=START, rule="r", ends_at=START + ends)


@pytest.fixture
def opened(tmp_path: Path) -> AlertEvent:
    """An alert in the store of a folder with routes."""
    desk = Desk(tmp_path)
    made = desk.ring(rule="war", key="AZE-RUS", counts=Counts(stories=9, publishers=6, articles=14), articles="abc")
    desk.store.close()
    (tmp_path / "tocsin.toml").write_text('store = "sqlite:///store.db"\n' + RECEIVERS + ROUTES)
    return made


def tocsin(folder: Path, group: str, *words: str) -> Result:
    return CliRunner().invoke(GROUPS[group], [*words, "--folder", str(folder)])


def test_acknowledging_at_the_prompt(tmp_path: Path, opened: AlertEvent) -> None:
    first = tocsin(tmp_path, "alerts", "ack", opened.alert_id[:8], "--by", "ann", "--comment", "on it")
    assert (first.exit_code, first.stdout) == (0, "acknowledged: war AZE-RUS\n")
    again = tocsin(tmp_path, "alerts", "ack", opened.alert_id[:8], "--by", "bob")
    assert again.stdout.startswith("acknowledged before: by ann")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--until-doubles"], "until it counts 18 stories"),
        (["--for", "2h"], "until 20"),
        (["--until", "08:00"], "08:00 UTC"),
        (["--this-story"], ", the stories of 3 articles, by ann: known"),
    ],
)
def test_silencing_at_the_prompt_and_undoing_it(
    tmp_path: Path, opened: AlertEvent, words: list[str], said: str
) -> None:
    made = tocsin(tmp_path, "alerts", "silence", opened.alert_id[:8], *words, "--by", "ann", "--comment", "known")
    assert made.exit_code == 0
    assert said in made.stdout
    listed = tocsin(tmp_path, "alerts", "silences", "--json")
    silence = json.loads(listed.stdout)
    assert (silence["author"], silence["comment"]) == ("ann", "known")
    assert tocsin(tmp_path, "alerts", "unsilence", silence["silence_id"], "--by", "bob").exit_code == 0
    assert tocsin(tmp_path, "alerts", "silences").stdout == ""
    kept = tocsin(tmp_path, "alerts", "silences", "--all").stdout
    assert "lifted" in kept
    assert "by bob" in kept


def test_a_rule_is_silenced_on_a_key_that_it_has_in_either_order(tmp_path: Path, opened: AlertEvent) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        compiled = RuleSet.of(pair_rule("war", Spike())).compiled()
        store.add_rule_set(Kept(rules_hash="a" * 32, text="", compiled=compiled, activated_at=START, log_offset=0))
    made = tocsin(tmp_path, "alerts", "silence", "war", "--key", "Russia & Azerbaijan", "--for", "2h")
    assert " rule war AZE-RUS until" in made.stdout
    for what, key, said in (
        ("war", "FRA-GEO", "the rule war has no key 'FRA-GEO'"),
        (opened.alert_id[:8], "AZE-RUS", "an alert is of one key already"),
        ("wars", "", "no rule in force is called 'wars', and no alert has that id"),
    ):
        refused = tocsin(tmp_path, "alerts", "silence", what, *(["--key", key] if key else []), "--for", "2h")
        assert isinstance(refused.exception, UsageError)
        assert said in str(refused.exception)
    unknown = tocsin(tmp_path, "alerts", "list", "--rule", "wra")
    assert isinstance(unknown.exception, UsageError)
    assert unknown.exception.remedy == "did you mean war?"
    assert tocsin(tmp_path, "alerts", "list", "--rule", "war").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "needs one end"),
        (["--for", "2h", "--until", "08:00"], "needs one end"),
        (["--for", "soon"], "no duration"),
        (["--for", "0s"], "ends in the future"),
        (["--until", "yesterday"], "no time"),
    ],
)
def test_silences_that_are_none(tmp_path: Path, opened: AlertEvent, words: list[str], said: str) -> None:
    refused = tocsin(tmp_path, "alerts", "silence", opened.alert_id[:8], *words)
    assert refused.exit_code != 0
    assert said in (str(refused.exception) if isinstance(refused.exception, TocsinError) else refused.output)


def test_where_an_alert_would_go(tmp_path: Path, opened: AlertEvent) -> None:
    caucasus = ["--label", "desk=caucasus"]
    told = tocsin(tmp_path, "routes", "test", *caucasus, "--severity", "critical").stdout.splitlines()
    assert told[0].startswith("screen: held: group_wait: until")
    assert told[0].endswith("(route 1.1)")
    assert told[1] == "boss: told at once (route 2)"
    other = tocsin(tmp_path, "routes", "test", "--json").stdout.splitlines()
    ways = {way["receiver"]: way for way in map(json.loads, other)}
    assert (ways["screen"]["status"], ways["screen"]["reason"]) == ("suppressed", "not_routed")
    assert (ways["boss"]["status"], ways["boss"]["route"]) == ("pending", "route 2")
    tocsin(tmp_path, "alerts", "silence", opened.alert_id, "--for", "2h", "--by", "ann")
    silenced = tocsin(tmp_path, "routes", "test", opened.alert_id[:10]).stdout
    assert "boss: not told: silenced: s" in silenced
    assert "by ann" in silenced


def test_the_settings_in_the_guide_are_valid_and_lead_where_it_says() -> None:
    page = Path(__file__).parents[3] / "docs" / "notifications.md"
    routes_text, receiver, *more = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [one.name for one in settings(receiver).receivers] == ["phone"]
    assert all(settings(text) for text in more)
    read = settings(routes_text)
    routing = routing_of(read.routes, read.inhibit_rules)
    names = [one.name for one in read.receivers]

    def ways(**changes: object) -> dict[str, bool]:
        led = lead(event(**changes), routing.routes, names)
        return {name: way.escalation for name, way in led.ways.items()}

    assert ways(labels={"desk": "caucasus"}) == {"phone": False, "boss": True}
    assert ways(labels={"desk": "caucasus"}, severity=Severity.LOW) == {"desk-mail": False}
    assert ways(rule="draft-one") == {}
    assert set(ways()) == set(names), "what no route takes goes to everybody"


def test_a_page_into_a_folder_that_is_not_there_is_refused_before_it_is_made(
    tmp_path: Path, opened: AlertEvent
) -> None:
    refused = tocsin(tmp_path, "alerts", "export", opened.alert_id[:8], "--out", str(tmp_path / "gone" / "a.html"))
    assert isinstance(refused.exception, UsageError)
    assert f"there is no folder {tmp_path / 'gone'}" in str(refused.exception)
