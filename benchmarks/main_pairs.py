"""The main pairs of whole analyses: each expected one is found with prominence title or main, and few others are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines.extraction.extractor import Extractor, extractor_for
from schemas.reasons import Prominence
from schemas.signal import Signal
from tocsin.article_files import articles_in

_EXPECTED = Path(__file__).parent / "annotations" / "main_pairs.jsonl"
_FOLDER = "samples"

#: The analyses are of the first half of this year; who holds an office is taken from it.
_DAY = datetime(2025, 7, 15, 12, tzinfo=UTC)

#: Main pairs beside the expected ones, at most, on average of the analyses.
OTHERS_AT_MOST = 1.0


def central_pairs(signal: Signal) -> list[str]:
    """Return the pairs of prominence title or main, either way, in the order of the article."""
    central = [p for p in signal.pairs if p.prominence is not Prominence.MENTION]
    return list(dict.fromkeys("-".join(sorted((pair.source, pair.target))) for pair in central))


def main(data: Path) -> int:
    """Print what was found; return 1 where a pair is missed or too many others are main, 2 without the analyses."""
    expected = [json.loads(line) for line in _EXPECTED.read_text(encoding="utf-8").splitlines()]
    files = [sorted((data / _FOLDER).glob(f"{row['file']}*.txt")) for row in expected]
    if not all(files):
        print(f"NOT RUN: main pairs — there are no {_FOLDER} in the folder of evaluation data", file=sys.stderr)
        return 2
    missed = others = 0
    for row, paths in zip(expected, files, strict=True):
        found = _found(extractor_for(), paths[0])
        wanted = [pair for pair in row["pairs"] if pair not in found]
        beside = [pair for pair in found if pair not in row["pairs"]]
        missed += len(wanted)
        others += len(beside)
        print(f"main pairs {row['file']:15} missed {' '.join(wanted) or '-'}  beside them {' '.join(beside) or '-'}")
    return 1 if missed or others > OTHERS_AT_MOST * len(expected) else 0


def _found(extractor: Extractor, path: Path) -> Sequence[str]:
    read = next(iter(articles_in(path, _DAY)))
    if read.article is None:
        raise ValueError(f"{read.place}: {read.mistake}")
    return central_pairs(extractor.extract(read.article))
