"""The text found in web pages against 181 hand-made bodies, beside the library's plain default in the same run.

The measure is that of the benchmark (scrapinghub/article-extraction-benchmark, evaluate.py): runs of four words, counted
with repeats, normalised by page, precision and recall averaged over pages, F1 of the two averages.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from connectors.feeds.page_text import page_text

FILE = Path("data") / "article_extraction_benchmark.tar.xz"
AT_LEAST = 0.955
_WORD = re.compile(r"\w+")
_RUN = 4
_RESAMPLED = 1_000


class Shares(NamedTuple):
    """Of one page: the shares of runs of words that are in both texts, only in ours, only in the true one."""

    both: float
    ours: float
    true: float


class Score(NamedTuple):
    """Over pages."""

    f1: float
    precision: float
    recall: float


def main(data: Path | None) -> int:
    """Print the scores; return 1 where F1 is below :data:`AT_LEAST`, 2 without the pages."""
    if data is None or not (data / FILE).is_file():
        print(f"NOT RUN: evaluate fulltext — needs {FILE}", file=sys.stderr)
        return 2
    pages, true = read_pages(data / FILE)
    print(
        f"{'':24} {'F1':>7} {'±95 %':>7} {'precision':>10} {'recall':>7} {'CPU ms a page':>14}   ({len(pages)} pages)"
    )
    ours = _judged("ours", pages, true, lambda body: page_text(body, "text/html; charset=utf-8"))
    _judged("trafilatura's default", pages, true, _plain)
    return 0 if ours.f1 >= AT_LEAST else 1


def read_pages(archive: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the pages and the bodies that people marked in them, by name."""
    pages: dict[str, bytes] = {}
    true: dict[str, str] = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            stream = opened.extractfile(member) if member.isfile() else None
            if stream is not None and member.name.endswith(".html.gz"):
                pages[Path(member.name).name.removesuffix(".html.gz")] = gzip.decompress(stream.read())
            elif stream is not None and member.name.endswith("ground-truth.json"):
                true = {name: str(page.get("articleBody", "")) for name, page in json.load(stream).items()}
    return {name: pages[name] for name in sorted(true)}, true


def _plain(body: bytes) -> str:
    from trafilatura import extract

    return str(extract(body.decode("utf-8", "replace")) or "")


def _judged(name: str, pages: Mapping[str, bytes], true: Mapping[str, str], text_of: Callable[[bytes], str]) -> Score:
    began_s = time.process_time()
    found = {key: text_of(body) for key, body in pages.items()}
    cpu_ms = (time.process_time() - began_s) * 1000 / len(pages)
    shares = [shares_of(true[key], found[key]) for key in pages]
    score, spread = score_of(shares), _spread(shares)
    print(f"{name:24} {score.f1:7.4f} {spread:7.4f} {score.precision:10.4f} {score.recall:7.4f} {cpu_ms:14.1f}")
    return score


def shares_of(true: str, ours: str) -> Shares:
    """Return the shares for one page; all nought where neither has a word."""
    wanted, found = _runs(true), _runs(ours)
    both = sum((wanted & found).values())
    more, less = sum((found - wanted).values()), sum((wanted - found).values())
    total = both + more + less
    return Shares(both / total, more / total, less / total) if total else Shares(0.0, 0.0, 0.0)


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1)) if words)


def score_of(shares: Sequence[Shares]) -> Score:
    """Return the scores; pages on which a side has nothing at all are left out of that side's average."""
    precision = fmean(page.both / (page.both + page.ours) for page in shares if page.both + page.ours > 0)
    recall = fmean(page.both / (page.both + page.true) for page in shares if page.both + page.true > 0)
    return Score(2 * precision * recall / (precision + recall), precision, recall)


def _spread(shares: Sequence[Shares]) -> float:
    """Return 1.96 standard deviations of F1 over pages drawn again, with a fixed seed."""
    draw = random.Random(1)
    drawn = [score_of(draw.choices(shares, k=len(shares))).f1 for _ in range(_RESAMPLED)]
    return 1.96 * stdev(drawn)
