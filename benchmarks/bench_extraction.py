"""Extraction of a mixed feed beside stock spaCy on the same texts in the same run; Beam beside the bare functions.

`./run bench extraction` prints rates a second of CPU. Where the evaluation data are not there, the feed is an invented one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # figures of a worker, numbers and words

from benchmarks.figures import Figure, report
from benchmarks.mixed_feed import ITEMS, PAGES, MixedFeed, mixed_feed

#: Said beforehand: ratios to stock spaCy, of Beam to the bare functions, and limits.
MIX_AT_LEAST = 35.0
PAGES_AT_LEAST = 60.0
BEAM_AT_LEAST = 0.85
NAMES_SHARE_AT_MOST = 0.02
MEMORY_MB_AT_MOST = 450.0
FIXED_MS_AT_MOST = 50.0

_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main(data: Path | None) -> int:
    """Measure; return 1 where a figure is not reached."""
    feed = mixed_feed(data)
    print(f"the feed: {feed.origin}", file=sys.stderr, flush=True)
    return report(_figures(feed))


def _figures(feed: MixedFeed) -> Iterator[Figure]:
    memory = _measured("memory", feed)
    yield Figure("worker_memory_mb/limit", memory["peak_mb"], MEMORY_MB_AT_MOST, memory["peak_mb"] / MEMORY_MB_AT_MOST,
                 at_most=1)  # fmt: skip
    fixed_ms = 1000 * memory["fixed_s"]
    yield Figure("beam_fixed_cpu_ms/limit", fixed_ms, FIXED_MS_AT_MOST, fixed_ms / FIXED_MS_AT_MOST, at_most=1)
    ours = _measured("ours", feed)
    yield _rates("beam_mix/s:bare_functions", ITEMS + PAGES, ours["beam"], ours["mix"], BEAM_AT_LEAST)
    stock = _measured("stock", feed)
    print(f"stock spaCy's best setting: {stock['setting']}", file=sys.stderr)
    share = ours["recognised_tokens"] / stock["tokens"]
    yield Figure("names_token_share/limit", share, NAMES_SHARE_AT_MOST, share / NAMES_SHARE_AT_MOST, at_most=1)
    yield _rates("extract_items/s:stock_spacy", ITEMS, ours["items"], stock["items"])
    yield _rates("extract_pages/s:stock_spacy", PAGES, ours["pages"], stock["pages"], PAGES_AT_LEAST)
    stock_s = stock["items"] + stock["pages"]
    yield _rates("extract_mix/s:stock_spacy", ITEMS + PAGES, ours["mix"], stock_s)
    yield _rates("extract_mix_with_beam/s:stock_spacy", ITEMS + PAGES, ours["beam"], stock_s, MIX_AT_LEAST)


def _rates(name: str, count: int, ours_s: float, reference_s: float, at_least: float | None = None) -> Figure:
    return Figure(name, count / ours_s, count / reference_s, reference_s / ours_s, at_least)


def _measured(part: str, feed: MixedFeed) -> dict[str, Any]:
    """Return the figures of ``part``, measured in a process of its own with one thread for BLAS."""
    lines = b"\n".join(article.model_dump_json().encode() for article in feed.articles)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.extraction_worker", part],
        input=lines,
        stdout=subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD},
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
