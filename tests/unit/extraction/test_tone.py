"""Tone: cooperation, conflict, and when nothing is said."""

from __future__ import annotations

import pytest

from pipelines.extraction.phrases import PhraseFinder
from pipelines.extraction.tone import Cue, cues_in, tone_of, tone_phrases, tone_words
from schemas.reasons import Tone

FINDER = PhraseFinder(tone_phrases(tone_words(), 0))


def tone(text: str) -> Tone:
    return tone_of(cues_in(FINDER.find(text), 0, text))


@pytest.mark.parametrize(
    "text",
    [
        "Baku sends humanitarian aid to Kyiv",
        "The presidents signed a declaration of allied cooperation",
        "He thanked Azerbaijan for its support",
        "London and Baku agreed to strengthen ties",
        "The two met in Ankara for talks",
    ],
)
def test_cooperation(text: str) -> None:
    assert tone(text) is Tone.COOPERATION


@pytest.mark.parametrize(
    "text",
    [
        "Moscow accused Baku of unfriendly steps",
        "Relations deteriorated further",
        "Kyiv condemns the missile attack",
        "The ambassador was summoned and two diplomats expelled",
        "Baku refused to extradite the judge",
    ],
)
def test_conflict(text: str) -> None:
    assert tone(text) is Tone.CONFLICT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The sun rose over Baku",
        "Baku did not attack anybody",
        "Officials avoid open confrontation with Moscow",
        "He never thanked them",
        "A museum of the Cold War opened",
    ],
)
def test_nothing_is_said(text: str) -> None:
    assert tone(text) is Tone.NEUTRAL


def test_a_denial_ends_at_the_comma() -> None:
    assert tone("He did not come, but accused Baku") is Tone.CONFLICT


def test_what_is_said_as_loudly_both_ways_is_neutral() -> None:
    assert tone_of([Cue(0, 1, 1, True), Cue(2, 3, -1, True)]) is Tone.NEUTRAL
    assert tone_of([Cue(0, 1, 1, True), Cue(2, 3, -1, False)]) is Tone.COOPERATION


@pytest.mark.parametrize(
    "text",
    [
        "Italy suspends the defence agreement",
        "Hungary has ended all support for Ukraine",
        "the degradation of economic cooperation",
    ],
)
def test_cooperation_that_is_ended_is_conflict(text: str) -> None:
    assert tone(text) is Tone.CONFLICT


def test_not_only_denies_nothing() -> None:
    assert tone("They not only attacked Baku") is Tone.CONFLICT
