"""Templates of messages: how they are written, that a place is only a name, what a message then says."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.explanation.background import Background
from alerts.explanation.message import alert_message
from alerts.explanation.subject import SUBJECT_LIMIT
from alerts.rules.load import RulesError, load_rules
from alerts.rules.model import RuleSet, Template, Threshold, state_identity
from alerts.rules.template import PLACES, filled, mistakes_in
from alerts.rules.words import describe
from schemas.reasons import EventKind, EventReason
from tests.streams.records import pair_rule
from tests.unit.explanation.test_golden_messages import NAMES, crossing
from tests.unit.rules.world import DIRECTORY, TOPICS

RULE = "rules:\n  - name: one\n    watch: {pair: [AZE, RUS]}\n    when: spike\n    template: %s\n"
OPENED = crossing(EventKind.OPENED, EventReason.CROSSED)


def told(template: Template, **changes: object) -> tuple[str, str]:
    """Return subject and body of an alert's message."""
    event = OPENED.model_copy(update=changes)
    message = alert_message(event, (), NAMES, message_id="m", background=Background(template=template))
    return message.subject, message.body


def test_a_template_is_read_kept_and_told_in_words() -> None:
    text = RULE % '{subject: "{name}: {stories} stories", note: "Call the desk"}'
    rules = load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    assert rules.rules[0].template == Template(subject="{name}: {stories} stories", note="Call the desk")
    assert RuleSet.from_compiled(rules.compiled()) == rules
    assert "Its messages say: Call the desk" in describe(rules.rules[0])
    assert load_rules(RULE % '"Call the desk"', "rules.yaml", DIRECTORY).rules[0].template == Template(
        note="Call the desk"
    )


def test_what_would_move_the_cursor_or_turn_the_line_is_not_shown() -> None:
    text = RULE % r'{subject: "a\nb", note: "c\u202ed"}' + r'    labels: {desk: "e\nf: 1"}' + "\n"
    lines = describe(load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS).rules[0]).split("\n")
    assert lines[3:6] == ["Subject of its messages: a b", "Its messages say: cd", "Labels: desk=e f: 1."]


def test_a_rule_without_one_is_compiled_as_before_and_one_keeps_what_is_remembered() -> None:
    plain = pair_rule("r", Threshold(count=3, within_h=6))
    assert "template" not in RuleSet.of(plain).compiled()
    assert state_identity(plain.model_copy(update={"template": Template(note="x")})) == state_identity(plain)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{subject: "{storys}"}', "no message fills {storys}"),
        ('{subject: "{name.__class__}"}', "no message fills {name.__class__}"),
        ('{subject: "{name[0]}"}', "no message fills {name[0]}"),
        ('{subject: "{stories:>9}"}', "no message fills {stories:>9}: a place"),
        ('{subject: "{stories!r}"}', "write {stories}"),
        ('{subject: "{}"}', "no message fills {}"),
        ('{note: "a { b"}', "braces of this text do not match"),
        ("{}", "changes nothing"),
        ("{body: x}", "unknown key 'body'"),
    ],
)
def test_what_no_message_can_fill_is_a_mistake(template: str, message: str) -> None:
    with pytest.raises(RulesError) as raised:
        load_rules(RULE % template, "rules.yaml", DIRECTORY)
    assert message in str(raised.value)


def test_a_slip_is_met_with_a_suggestion() -> None:
    with pytest.raises(RulesError, match="stories"):
        load_rules(RULE % '{subject: "{storys}"}', "rules.yaml", DIRECTORY)


def test_subject_and_note_stand_in_the_message() -> None:
    subject, body = told(Template(subject="{name}: {stories} in {hours} h, {times} × {expected}", note="Call {rule}."))
    assert subject == "HIGH Azerbaijan–Russia: 9 in 6 h, 8.2 × 1.1"
    paragraphs = body.split("\n\n")
    assert paragraphs[1] == "Call azerbaijan-russia."
    assert "Counted: 9 stories" in body, "the figures stay in the message"


def test_the_severity_and_the_end_are_told_whatever_a_template_says() -> None:
    template = Template(subject="x" * 200)
    assert told(template)[0].startswith("HIGH xxx")
    ended, _ = told(template, event=EventKind.RESOLVED, reason=EventReason.BACK_TO_NORMAL)
    assert ended.startswith("RESOLVED xxx")
    assert len(ended) <= SUBJECT_LIMIT


def test_an_event_of_a_rule_as_a_whole_keeps_its_own_subject() -> None:
    ready = OPENED.model_copy(
        update={"event": EventKind.RULE_READY, "reason": EventReason.WARMED, "key": "", "alert_id": "", "window": None}
    )
    message = alert_message(
        ready,
        (),
        NAMES,
        message_id="m",
        background=Background(template=Template(subject="{stories}", note="{hours} h")),
    )
    assert message.subject.startswith("RULE READY azerbaijan-russia")
    assert "– h" in message.body


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=string.printable + "{}é\u202e", max_size=60))
def test_any_text_is_refused_or_filled(text: str) -> None:
    if not mistakes_in(text):
        shown = filled(text, dict.fromkeys(PLACES, "X"))
        assert "{" not in shown.replace("{", "", text.count("{{"))
        subject, _ = told(Template(subject=text or "x"))
        assert len(subject) <= SUBJECT_LIMIT
        assert "\u202e" not in subject
