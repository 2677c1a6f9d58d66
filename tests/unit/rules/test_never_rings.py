"""Rules of which nothing is left: told as a mistake with its line; rules that may ring, however narrow, are not touched."""

from __future__ import annotations

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from tests.unit.rules.world import DIRECTORY, TOPICS


def mistakes(watch: str, when: str = "spike", more: str = "") -> list[Mistake]:
    text = f"rules:\n  - name: one\n    watch: {watch}\n    when: {when}\n    {more}\n"
    try:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    except RulesError as error:
        return list(error.mistakes)
    return []


PAIR = "{pair: [AZE, RUS]}"
HOSTILE = "{pair: [AZE, RUS], tone: conflict}"
ONE_COUNTRY = "{pair: [AZE, RUS], sources: {countries: [Russia, Ukraine], except: {countries: Ukraine}}}"
TO_CONFLICT = "{shift: {to: {tone: conflict}}}"
TWO = "corroborated_by: {source_countries: 2}"


@pytest.mark.parametrize(
    ("watch", "when", "more", "line", "message"),
    [
        (HOSTILE, TO_CONFLICT, "", 4, "all that is counted is conflict: the part is always the whole"),
        (PAIR, "{shift: {to: {tone: [conflict, neutral, cooperation]}}}", "", 4, "the part is always the whole"),
        (PAIR, "{shift: {to: {tone: conflict}, only: {tone: conflict}}}", "", 4, "the part is always the whole"),
        ("{pair: [AZE, RUS], tone: {none: conflict}}", TO_CONFLICT, "", 4, "the part is always empty"),
        (PAIR, "{shift: {to: {tone: conflict}, only: {tone: neutral}}}", "", 4, "the part is always empty"),
        (
            HOSTILE,
            "[spike, {drop: {only: {tone: neutral}}}]",
            "",
            4,
            "only what is neutral is counted of what is conflict",
        ),
        (ONE_COUNTRY, "spike", TWO, 5, "only publishers of 1 country count"),
        ("{pair: [AZE, RUS], sources: {ids: tass, except: {ids: [apa, tass]}}}", "spike", "", 3, "nobody is left"),
    ],
)
def test_what_can_never_ring_is_one_mistake(watch: str, when: str, more: str, line: int, message: str) -> None:
    (mistake,) = mistakes(watch, when, more)
    assert message in mistake.message
    assert mistake.line == line
    assert mistake.remedy


@pytest.mark.parametrize(
    ("watch", "when", "more"),
    [
        (PAIR, TO_CONFLICT, TWO),
        ("{pair: [AZE, RUS], tone: [conflict, neutral]}", TO_CONFLICT, ""),
        (HOSTILE, "{shift: {to: {tone: conflict, topics: energy}}}", ""),
        (HOSTILE, "{shift: {to: {sources: {countries: Russia}}}}", ""),
        (HOSTILE, "{spike: {only: {tone: [conflict, neutral]}}}", ""),
        # A paragraph holds sentences of several tones.
        ("{pair: [AZE, RUS], tone: conflict, scope: paragraph}", "{spike: {only: {tone: neutral}}}", ""),
        ("{pair: [AZE, RUS], tone: conflict, scope: paragraph}", "{shift: {to: {tone: neutral}}}", ""),
        ("{pair: [AZE, RUS], sources: {countries: Russia, ids: bbc}}", "spike", TWO),
        ("{pair: [AZE, RUS], sources: {countries: Russia, except: {ids: tass}}}", "spike", ""),
        ("{pair: [AZE, RUS], sources: {except: {countries: Russia}}}", "spike", TWO),
    ],
)
def test_what_may_ring_is_none(watch: str, when: str, more: str) -> None:
    assert mistakes(watch, when, more) == []


@pytest.mark.parametrize(
    ("watch", "when"),
    [
        ("{pair: [AZE, RUS], tone: [conflict, neutrl]}", TO_CONFLICT),
        (HOSTILE, "{shift: {to: {tone: [conflict, neutrl]}}}"),
        (HOSTILE, "{spike: {only: {tone: [neutral, conflct]}}}"),
    ],
)
def test_what_hangs_on_a_wrong_word_is_not_guessed(watch: str, when: str) -> None:
    (mistake,) = mistakes(watch, when)
    assert "is needed, this is the text" in mistake.message
