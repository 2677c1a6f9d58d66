"""A watch in a few words: what it stands for, and of a pair who is nobody."""

from __future__ import annotations

import pytest

from alerts.rules.mistakes import RulesError
from alerts.rules.short_watch import short_watch
from tests.unit.rules.world import DIRECTORY, TOPICS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Azerbaijn & Russia", ["unknown actor 'Azerbaijn'"]),
        ("Azerbaijn & Rusia", ["unknown actor 'Azerbaijn'", "unknown actor 'Rusia'"]),
        ("AZE>RUSS", ["unknown actor 'RUSS'"]),
        ("AZE-RUSS", ["unknown actor 'RUSS'"]),
        ("Guinea-Bisau", ["'Guinea-Bisau' is no rule, pair or actor"]),
        ("baku-moscow", ["'baku-moscow' is no rule, pair or actor"]),
        ("AZE &", ["'AZE &' is no rule, pair or actor"]),
        ("AZE & AZE", ["both sides are AZE"]),
        ("topic:energie", ["unknown topic 'energie'"]),
        ("{pair: [AZE, Rusia], tone: hostile}", ["unknown actor 'Rusia'", "this is the text 'hostile'"]),
    ],
)
def test_what_is_wrong_is_named_with_what_may_be_meant(text: str, told: list[str]) -> None:
    with pytest.raises(RulesError) as caught:
        short_watch(text, DIRECTORY, topics=TOPICS)
    assert len(caught.value.mistakes) == len(told)
    for mistake, message in zip(caught.value.mistakes, told, strict=True):
        assert message in mistake.message
        assert mistake.remedy


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Azerbaijan and Russia", "Azerbaijan & Russia"),
        ("Azerbaijan vs. RUS", "Azerbaijan & RUS"),
        ("Azerbaijan → Russia", "Azerbaijan > Russia"),
        ("Azerbaijan/Russia", "Azerbaijan & Russia"),
        ("Azerbaijan and nobody", ""),
    ],
)
def test_a_pair_in_other_words_is_met_with_the_pair(text: str, meant: str) -> None:
    with pytest.raises(RulesError) as caught:
        short_watch(text, DIRECTORY, topics=TOPICS)
    (mistake,) = caught.value.mistakes
    assert mistake.remedy.startswith(f"did you mean {meant}?") is bool(meant)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Azerbaijan & Russia", ("AZE", "RUS")),
        ("AZE-RUS", ("AZE", "RUS")),
        ("Guinea-Bissau-Russia", ("GNB", "RUS")),
        ("RUS>AZE", ("RUS", "AZE")),
    ],
)
def test_a_pair(text: str, key: tuple[str, str]) -> None:
    pair = short_watch(text, DIRECTORY, topics=TOPICS).pair
    assert pair is not None
    assert [choice.model_dump()["ids"] for choice in (*pair.one, *pair.other)] == [(key[0],), (key[1],)]
