"""The judge of extraction: what counts, what counts neither way, and what it says without gold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.evaluate_extraction import Score, main

SENTENCE = {
    "file": "own.txt",
    "date": "2025-05-28",
    "i": 1,
    "sentence": "Baku accused Moscow of a cyberattack.",
    "actors": ["AZE", "RUS"],
    "persons": {},
    "pairs": ["AZE>RUS -1 explicit"],
    "topics": ["cyberattack"],
    "optional_actors": [],
    "optional_topics": [],
}


def gold(folder: Path, **changes: object) -> Path:
    (folder / "gold").mkdir()
    (folder / "gold" / "seed_003_sentences.jsonl").write_text(
        json.dumps({**SENTENCE, **changes}) + "\n", encoding="utf-8"
    )
    return folder


def test_what_is_optional_counts_neither_way() -> None:
    score = Score()
    score.add(1, ["A", "B"], ["C"], ["A", "C", "D"])
    assert (score.found, score.missed, score.wrong) == (1, ["1:B"], ["1:D"])
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)


def test_all_found_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(gold(tmp_path)) == 0
    assert capsys.readouterr().out.count("F1 1.000") == 5


def test_too_little_found_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(gold(tmp_path, actors=["AZE", "RUS", "CHN"], pairs=["AZE-RUS -1 explicit", "AZE-CHN +0 explicit"])) == 1
    assert "missed 1:AZE-CHN" in capsys.readouterr().out


def test_an_optional_pair_may_be_found(tmp_path: Path) -> None:
    assert main(gold(tmp_path, sentence="Baku accused Moscow; Kyiv looked on.", actors=["AZE", "RUS", "UKR"],
                     pairs=["AZE>RUS -1 explicit", "AZE-UKR +0 optional", "RUS-UKR +0 anaphoric"])) == 0  # fmt: skip


def test_a_broken_pair_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'AZE RUS' is no pair"):
        main(gold(tmp_path, pairs=["AZE RUS"]))


def test_without_gold_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == main(None) == 2
    assert capsys.readouterr().err.count("NOT RUN: evaluate extraction") == 2
