"""Generated copies find their original by the rule of stories; what is unrelated, long or short, is never joined."""

from __future__ import annotations

import random

import pytest

from benchmarks import evaluate_stories
from benchmarks.evaluate_stories import found_shares, joined, signature
from benchmarks.story_copies import BOILERPLATE, COPIES, cut, framed, reworded

WORDS = [f"word{number}" for number in range(3_000)]


def texts(count: int, length: int, seed: int) -> list[str]:
    choose = random.Random(seed)
    return [" ".join(choose.choices(WORDS, k=length)) for _ in range(count)]


def test_copies_differ_from_their_original_by_as_much_as_is_said() -> None:
    words, own, choose = texts(1, 200, 1)[0].split(), ["own"] * 400, random.Random(1)
    assert len(cut(words, own, choose)) == 140
    assert framed(words, own, choose).count("own") == round(200 * BOILERPLATE)
    assert reworded(words, own, choose).count("own") == 20


@pytest.mark.parametrize("length", [60, 400])
def test_copies_find_their_original(length: int) -> None:
    shares = found_shares(texts(40, length, 2), texts(20, 500, 3), rounds=2)
    assert shares.keys() == COPIES.keys()
    assert all(share >= 0.95 for kind, share in shares.items() if kind != "cut_and_reworded"), shares


def test_a_copy_that_is_none_is_not_found() -> None:
    # The measure can fail: another text is found by none of the copies.
    one, other = texts(2, 300, 4)
    assert list(joined([one, other])) == []
    assert list(joined([one, other, one])) == [(0, 2)]


def test_unrelated_headlines_are_not_joined() -> None:
    headlines = [
        "Envoys of both states meet in Geneva on Monday",
        "Ministers meet in Vienna on Monday",
        "Flood warning lifted",
        "Flood warning issued",
        "Storm",
        "Strike",
        "What voters say about the election in Kenya",
        "What farmers say about the drought in Spain",
    ]
    assert list(joined(headlines)) == []


@pytest.mark.parametrize(
    "copy",
    [
        "Envoys of both states meet in Geneva on Monday, officials say",
        "BREAKING: Envoys of both states meet in Geneva on Monday",
        "Envoys of both states meet in Geneva on Monday - The Gazette",
        "ENVOYS OF BOTH STATES MEET IN GENEVA ON MONDAY",
    ],
)
def test_a_headline_with_a_publishers_words_is_the_same_story(copy: str) -> None:
    assert list(joined(["Envoys of both states meet in Geneva on Monday", copy])) == [(0, 1)]


def test_a_text_without_a_word_has_no_signature() -> None:
    with pytest.raises(ValueError, match="without a word"):
        signature("…")


def test_without_data_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate_stories.main(None) == 2
    assert "NOT RUN" in capsys.readouterr().err
