"""A replay of two years of cached signals with a hundred rules, against reading the same signals and decoding them.

`./run bench replay`; the news lie outside the project, in TOCSIN_EVALUATION_DATA/headliner_2019_2021.jsonl.xz. The reference
decodes every record whole, as the log's readers do; both are seconds of processor of all processes, start included.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

from benchmarks.figures import Figure, report
from benchmarks.replay_runs import run_replay, run_tocsin
from connectors.archive.folder import Archive

NEWS = "headliner_2019_2021.jsonl.xz"
MAP = "published=t,source=src,title=title,summary=desc,url=url"

#: What must be reached: all of a replay against reading and decoding the signals.
_DECIDING_AT_MOST = 3.0

_ACTORS = (
    "United States", "Iran", "India", "China", "Israel", "United Arab Emirates", "Armenia", "Azerbaijan", "Hamas",
    "Taliban", "Afghanistan", "Russia", "Ukraine", "North Korea", "United Kingdom",
)  # fmt: skip
_MANY_RULES = 100


def main(folder: Path | None) -> int:
    """Print the figure; return 0 reached, 1 not, 2 there are no news to measure with."""
    news = folder / NEWS if folder is not None else None
    if news is None or not news.is_file():
        print(f"no news: {NEWS} is not in the folder of evaluation data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tocsin-replay-") as scratch:
        archive = Path(scratch) / "archive"
        run_tocsin("archive", "import", news, "--archive", archive, "--map", MAP)
        rules = Path(scratch) / "one.yaml"
        rules.write_text("rules:\n  - {name: one, watch: {pair: [Norway, Iceland]}, when: spike}\n", encoding="utf-8")
        run_replay(archive, rules, Path(scratch) / "one.jsonl")  # Everything is extracted and cached by this.
        return 1 if report([deciding(archive, Path(scratch))]) else 0


def deciding(archive: Path, scratch: Path) -> Figure:
    """Measure a replay of cached signals with many rules against reading and decoding them, both in processor seconds."""
    from pipelines.extraction.extractor import extractor_for
    from pipelines.replay.cached_signals import cached_signals
    from pipelines.replay.replay import days_between

    rules = scratch / "many.yaml"
    pairs = list(combinations(_ACTORS, 2))[:_MANY_RULES]
    lines = [f"  - {{name: pair-{n}, watch: {{pair: [{a}, {b}]}}, when: spike}}\n" for n, (a, b) in enumerate(pairs)]
    rules.write_text("rules:\n" + "".join(lines), encoding="utf-8")
    folder = Archive(archive)
    version, start = extractor_for().version, time.process_time()
    signals = sum(len(found) for _, found in cached_signals(folder, version, days_between(folder, None, None)))
    reading_s = time.process_time() - start
    run = run_replay(archive, rules, scratch / "many.jsonl")
    deciding_s = run.processor_s
    print(
        f"{signals} signals: read and decoded in {reading_s:.0f} s of processor, replayed with {len(pairs)} rules in "
        f"{deciding_s:.0f} s, {run.seconds:.0f} s by the clock",
        file=sys.stderr,
    )
    return Figure(
        "replay, 100 rules / decode", deciding_s, reading_s, deciding_s / reading_s, at_most=_DECIDING_AT_MOST
    )


if __name__ == "__main__":
    sys.exit(main(Path(os.environ["TOCSIN_EVALUATION_DATA"]) if "TOCSIN_EVALUATION_DATA" in os.environ else None))
