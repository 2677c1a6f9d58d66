"""What armed actors do on the ground, and that nobody else is said to do it."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.actors.finder import ActorFinder
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.ground import with_ground
from pipelines.extraction.tone import Cue, tone_words

FINDER = ActorFinder(load_catalogue())


def found(text: str, *cues: Cue) -> list[tuple[str, int, str]]:
    hits = FINDER.find(text, date(2025, 5, 28), "en")
    said = with_ground(fold(text), hits, cues, 0, len(text))
    assert list(said) == sorted(said)
    return [(text[cue.start : cue.end], cue.value, cue.by) for cue in said if cue not in cues]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Taliban advance in Kenya", ("advance", -1, "TALIBAN")),
        ("The Taliban’s lightning advance", ("advance", -1, "TALIBAN")),
        ("Taliban fighters have swiftly taken over the country", ("taken over", -1, "TALIBAN")),
        ("Kenyan troops push deeper and sweep through Chile", ("sweep", -1, "KEN")),
        ("Kenya’s ground forces retreat from Chile", ("retreat", -1, "KEN")),
        ("NATO-led troops retake the town", ("retake", -1, "NATO")),
        ("Chile falls to the Taliban", ("falls", -1, "TALIBAN")),
        ("the swift fall of Nairobi to the Taliban", ("fall", -1, "TALIBAN")),
        ("the takeover of Chile by the hardline Taliban", ("takeover", -1, "TALIBAN")),
        ("the Taliban’s rule in Kenya", ("rule", 0, "TALIBAN")),
        ("TALIBAN RULE IN KENYA", ("RULE", 0, "TALIBAN")),
    ],
)
def test_who_is_armed_does_it(text: str, expected: tuple[str, int, str]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Kenya advances in Chile",
        "The Kenyan takeover of a Chilean bank",
        "Kenyan skiers sweep the medals in Chile",
        "The Taliban did not advance",
        "The Taliban spoke to Kenya while prices surge",
        "The Taliban spoke, and prices surge",
        "The Taliban met Kenya, whose advance ended",
        "Kenya falls to the Chilean side",
        "Kenya-backed troops advance",
    ],
)
def test_nobody_else_does_it(text: str) -> None:
    assert found(text) == []


def test_a_word_that_is_a_cue_stays_that_one() -> None:
    text = "The Taliban overrun Kenya"
    place = text.index("overrun")
    assert found(text, Cue(place, place + len("overrun"), -1, True)) == []


def test_no_word_both_fights_and_holds() -> None:
    ground = tone_words().ground
    assert not set(ground.conflict) & set(ground.holds)
