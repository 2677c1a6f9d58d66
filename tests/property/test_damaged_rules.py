"""Whatever stands in the place of whatever in a rule file: it is accepted, or told as mistakes with a line and a remedy each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from alerts.rules.timeline_grammar import load_timelines
from tests.unit.rules.test_all_in_one_file import MANY, PLACES, TEXT, TIMELINES, included
from tests.unit.rules.world import DIRECTORY, TOPICS

FILES = (MANY, TEXT.format(**PLACES), TIMELINES)

#: What may be taken out: a word, or a list or mapping without others in it.
PIECE = re.compile(r"[A-Za-z0-9_\"'*-]+|\[[^\[\]]*\]|\{[^{}]*\}")

#: What comes in its place: values of every kind, what is refused, and what is no YAML.
INSTEAD = (
    *("~", "true", "5", "-1", "x", "''", "[]", "{}", "[1, 2]", "{a: b}", "[[x]]", "*a", "&a x", "!!str x", "!t {a: 1}"),
    *(
        "{<<: {a: 1}}",
        "{[a]: b}",
        "6h",
        "[6h, 400d]",
        "AZE",
        '"*"',
        "{any: [AZE]}",
        "{type: country}",
        "9" * 40,
        ".nan",
    ),
    *("{type: [], except: 1}", "{from: AZE, to: AZE}", "{pattern: '('}", "{near: [a, b]}", "---", "%x", "\t", "{", "]"),
    *(
        "'",
        "AZE-RUZ",
        "a & b",
        "{pair: AZE}",
        "spike",
        "{spike: {}, new: {}}",
        "{new: {known: [AZE, 5]}}",
        "{a: 1, a: 2}",
    ),
)


def mistakes_in(text: str, *, of_tests: bool) -> Sequence[Mistake]:
    try:
        if of_tests:
            load_timelines(text, "rules.yaml", DIRECTORY, rules=["one"], topics=TOPICS)
        else:
            load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS, included=included)
    except RulesError as error:
        return error.mistakes
    return ()


@settings(max_examples=120, deadline=None)
@given(
    file=st.sampled_from(FILES),
    damage=st.lists(
        st.tuples(st.integers(min_value=0, max_value=10_000), st.sampled_from(INSTEAD)), min_size=1, max_size=4
    ),
)
def test_every_mistake_has_a_line_and_a_remedy(file: str, damage: list[tuple[int, str]]) -> None:
    text = file
    for place, instead in damage:
        pieces = [match.span() for match in PIECE.finditer(text)]
        first, end = pieces[place % len(pieces)]
        text = text[:first] + instead + text[end:]
    for mistake in mistakes_in(text, of_tests=file is TIMELINES):
        assert mistake.remedy, mistake
        assert mistake.file != "rules.yaml" or 1 <= mistake.line <= text.count("\n") + 2, mistake
