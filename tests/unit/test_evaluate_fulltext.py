"""The measure of full texts, against figures worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.evaluate_fulltext import Shares, score_of, shares_of


def test_runs_of_four_words_are_compared_with_their_repeats() -> None:
    assert shares_of("a b c d e", "a b c d e") == Shares(1, 0, 0)
    assert shares_of("a b c d e", "a b c d") == Shares(1 / 2, 0, 1 / 2)
    assert shares_of("a b c d", "x a b c d") == Shares(1 / 2, 1 / 2, 0)
    assert shares_of("a a a a a", "a a a a") == Shares(1 / 2, 0, 1 / 2)
    assert shares_of("a, b!", "a b") == Shares(1, 0, 0), "fewer words than four are one run"
    assert shares_of("", "") == Shares(0, 0, 0)
    assert shares_of("a b", "") == Shares(0, 0, 1)


def test_precision_and_recall_are_averaged_over_pages_that_have_that_side() -> None:
    score = score_of([Shares(1, 0, 0), Shares(0.5, 0.5, 0), Shares(0, 0, 1)])
    assert score.precision == pytest.approx(0.75)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f1 == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))
