"""Severities by level: how they are written, which one a window reaches, what an alert does when it reaches a graver one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.levels import Level, severity_of
from alerts.rules.load import RulesError, load_rules
from alerts.rules.model import Rule, RuleSet, Threshold, state_identity
from alerts.rules.words import describe
from connectors.channels.alertmanager_alerts import alerts_of
from schemas.alert_event import AlertEvent, Counts
from schemas.reasons import ArticleStatus, EventKind, EventReason, Severity
from tests.contract.channels.messages import event, message
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.streams.scene import Scene
from tests.unit.rules.world import DIRECTORY, TOPICS

RULE = "rules:\n  - name: one\n    watch: {pair: [AZE, RUS]}\n    when: spike\n    severities: %s\n"
LEVELS = (Level(severity=Severity.HIGH, stories=5), Level(severity=Severity.CRITICAL, stories=7, publishers=3))


def levelled(severity: Severity = Severity.NORMAL) -> Rule:
    threshold = Threshold(count=3, within_h=6, resolve_after_h=2)
    return pair_rule("r", threshold).model_copy(update={"levels": LEVELS, "severity": severity})


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason, Severity]]:
    return [(e.event, e.reason, e.severity) for e in events if e.key]


def test_they_are_read_in_order_and_told_in_words() -> None:
    text = RULE % "{critical: {stories: 30, times: 5, score: 4}, high: {stories: 12}}"
    rules = load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    assert [level.severity for level in rules.rules[0].levels] == [Severity.HIGH, Severity.CRITICAL]
    assert "It is high once there are 12 stories." in describe(rules.rules[0])
    assert "critical once there are 30 stories, 5 times the expectation and a score of 4." in describe(rules.rules[0])
    one = load_rules(
        RULE % "{high: {score: 4}, critical: {stories: 1, times: 5}}", "rules.yaml", DIRECTORY, topics=TOPICS
    )
    assert "It is high once there is a score of 4." in describe(one.rules[0])
    assert "It is critical once there is 1 story and 5 times the expectation." in describe(one.rules[0])
    assert RuleSet.from_compiled(rules.compiled()) == rules
    assert state_identity(levelled()) == state_identity(pair_rule("r", Threshold(count=3, within_h=6)))


@pytest.mark.parametrize(
    ("severities", "message"),
    [
        ("{}", "no severity is listed"),
        ("{high: {}}", "nothing says what is reached"),
        ("{low: {stories: 3}}", "unknown key 'low'"),
        ("{loud: {stories: 3}}", "unknown key 'loud'"),
        ("{high: {stories: 0}}", "a whole number from 1"),
        ("{normal: {stories: 9}}", "normal is no graver than the rule itself (normal)"),
        ("{high: {stories: 9}, critical: {stories: 9}}", "critical asks for no more than high"),
        ("{high: {stories: 9, publishers: 3}, critical: {stories: 5}}", "critical asks for no more than high"),
    ],
)
def test_what_makes_no_sense(severities: str, message: str) -> None:
    with pytest.raises(RulesError) as caught:
        load_rules(RULE % severities, "rules.yaml", DIRECTORY, topics=TOPICS)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message


@pytest.mark.parametrize(
    ("when", "level", "message"),
    [
        (
            "{threshold: {count: 5, within: 8h}}",
            "{times: 3}",
            "high asks for 3 times the expectation, and threshold exp",
        ),
        (
            "{threshold: {count: 5, within: 8h}}",
            "{score: 3, stories: 9}",
            "high asks for a score of 3, and threshold has",
        ),
        ("[{new: {quiet_for: 9d}}, ratio]", "{score: 3}", "and new has no score and ratio has no score"),
        ("drop", "{times: 2}", "and drop rings for fewer"),
        ("[{threshold: {count: 5, within: 8h}}, spike]", "{times: 3, score: 4}", None),
        ("{threshold: {count: 5, within: 8h}}", "{stories: 9}", None),
        ("[record, zscore]", "{score: 3}", None),
        ("drop", "{score: 4}", None),
    ],
)
def test_a_level_that_no_detector_of_the_rule_can_reach_is_a_mistake(
    when: str, level: str, message: str | None
) -> None:
    text = (RULE % f"{{high: {level}}}").replace("when: spike", f"when: {when}")
    if message is None:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
        return
    with pytest.raises(RulesError) as caught:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert mistake.remedy == "ask for stories, publishers or articles"


def test_levels_of_the_defaults_that_a_rule_is_as_grave_as_are_none_of_its() -> None:
    above = "defaults: {severities: {high: {stories: 9}, critical: {stories: 20}}}\n"
    rule = "  - {name: %s, watch: {pair: [AZE, RUS]}, when: spike%s}\n"
    text = (
        above + "rules:\n" + rule % ("a", "") + rule % ("b", ", severity: high") + rule % ("c", ", severity: critical")
    )
    rules = load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS).rules
    assert [[level.severity.value for level in rule.levels] for rule in rules] == [
        ["high", "critical"],
        ["critical"],
        [],
    ]


def test_all_that_is_asked_must_be_reached() -> None:
    def severity(counts: Counts, expected: float | None = None, score: float | None = None) -> Severity:
        levels = (
            Level(severity=Severity.HIGH, stories=5, publishers=2),
            Level(severity=Severity.CRITICAL, times=10.0, score=4.0),
        )
        return severity_of(levels, Severity.LOW, counts, counts.stories, expected, score)

    assert severity(Counts(stories=5, publishers=1)) is Severity.LOW
    assert severity(Counts(stories=5, publishers=2)) is Severity.HIGH
    assert severity(Counts(stories=9, publishers=2), expected=0.9, score=4.0) is Severity.CRITICAL
    assert severity(Counts(stories=9, publishers=2), expected=1.0, score=4.0) is Severity.HIGH
    assert severity(Counts(stories=9, publishers=2), expected=0.9, score=3.9) is Severity.HIGH
    assert severity(Counts(stories=9, publishers=2), score=9.0) is Severity.HIGH, "nothing is expected"


@pytest.mark.parametrize("restarts", [False, True])
def test_an_alert_becomes_graver_and_never_less(restarts: bool) -> None:
    scene = Scene(levelled())
    scene.close(30)
    ids = scene.articles(3)
    for more in (1, 1, 1, 1):
        ids += scene.articles(more)
        if restarts:
            scene.engine = restore(snapshot(scene.engine))
    for n, article in enumerate(ids[:2]):
        gone = signal(
            article,
            scene.at(30, 5 + n),
            feed=FEED_IDS[n],
            revised_at=scene.at(30, 59),
            status=ArticleStatus.WITHDRAWN,
        )
        scene.take(gone)
    scene.close(20)
    life = [(kind, severity) for kind, _, severity in told(scene.events) if kind is not EventKind.UPDATED]
    assert life[0] == (EventKind.OPENED, Severity.NORMAL)
    assert life[1:] == [
        (EventKind.ESCALATED, Severity.HIGH),
        (EventKind.ESCALATED, Severity.CRITICAL),
        (EventKind.RESOLVED, Severity.CRITICAL),
    ]
    updated = [severity for kind, _, severity in told(scene.events) if kind is EventKind.UPDATED]
    assert set(updated) == {Severity.CRITICAL}
    assert len({e.alert_id for e in scene.events if e.key}) == 1
    scene.close(30)
    scene.articles(3)
    assert told(scene.events)[-1] == (EventKind.OPENED, EventReason.CROSSED, Severity.NORMAL), "the next begins anew"


def test_it_may_open_at_once_at_its_gravest_and_counts_on_the_boundary_tell_nothing_twice() -> None:
    scene = Scene(levelled())
    scene.close(30)
    copies = [signal(f"c{n}", scene.at(30, n), feed=FEED_IDS[n % 6], wording=f"w{n}") for n in range(3)]
    for one in copies:
        scene.take(one)
    scene.articles(2)
    for minute in range(20, 40):
        status = ArticleStatus.WITHDRAWN if minute % 2 else ArticleStatus.LIVE
        scene.take(
            signal("c0", scene.at(30), feed="alfa", wording="w0", revised_at=scene.at(30, minute), status=status)
        )
    graver = [reason for _, reason, _ in told(scene.events) if reason is EventReason.GRAVER]
    assert len(graver) == 1


def test_to_an_alertmanager_the_lesser_alert_is_over() -> None:
    grown = event(event=EventKind.ESCALATED, reason=EventReason.GRAVER, severity=Severity.CRITICAL)
    found = alerts_of(message(event=grown), grown.at, fires_for=timedelta(days=1))
    ends = {}
    for alert in found:
        labels = alert["labels"]
        assert isinstance(labels, dict)
        ends[labels["severity"]] = alert["endsAt"]
    assert list(ends) == ["critical", "low", "normal", "high"]
    assert ends["low"] == ends["normal"] == ends["high"] != ends["critical"]
