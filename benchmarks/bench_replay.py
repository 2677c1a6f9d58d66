"""Two years of news replayed with a hundred rules: extracted the first time, from the cache the second, by the clock.

`./run bench replay`; the news lie outside the project, in TOCSIN_EVALUATION_DATA/data/headliner_2019_2021.jsonl.xz. Seconds
are by the clock, those of the command with its start and with as many processes as it takes by itself; the reference reads and
decodes every cached signal whole, as the log's readers do, in this process. Seconds of processor are told beside.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from benchmarks.__main__ import data_folder
from benchmarks.figures import Figure, report
from benchmarks.replay_runs import Run, run_replay, run_tocsin
from connectors.archive.folder import Archive

NEWS = Path("data") / "headliner_2019_2021.jsonl.xz"
MAP = "published=t,source=src,title=title,summary=desc,url=url"

#: What must be reached on two cores, in seconds by the clock: all extracted the first time, 100 rules from the cache.
_FIRST_AT_MOST_S, _CACHED_AT_MOST_S = 300.0, 60.0

#: And the same against reading and decoding the signals.
_DECIDING_AT_MOST = 3.0

_ACTORS = (
    "United States", "Iran", "India", "China", "Israel", "United Arab Emirates", "Armenia", "Azerbaijan", "Hamas",
    "Taliban", "Afghanistan", "Russia", "Ukraine", "North Korea", "United Kingdom",
)  # fmt: skip
_MANY_RULES = 100


def main(folder: Path | None) -> int:
    """Print the figures; return 0 reached, 1 not, 2 there are no news to measure with."""
    news = folder / NEWS if folder is not None else None
    if news is None or not news.is_file():
        print(f"no news: {NEWS} is not in the folder of evaluation data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tocsin-replay-") as scratch:
        archive = Path(scratch) / "archive"
        done = run_tocsin("archive", "import", news, "--archive", archive, "--map", MAP)
        told(f"imported {count_of(Archive(archive))} articles", done)
        return max(report([extracting(archive, Path(scratch))]), report(deciding(archive, Path(scratch))))


def count_of(archive: Archive) -> int:
    """Return how many articles and later wordings there are."""
    return sum(archive.count(day) for day in archive.days())


def told(what: str, run: Run) -> None:
    """Say on stderr what a command took."""
    print(
        f"{what}: {run.seconds:.0f} s by the clock, {run.processor_s:.0f} s of processor", file=sys.stderr, flush=True
    )


def extracting(archive: Path, scratch: Path) -> Figure:
    """Measure the first replay, of one rule, by which everything is extracted and cached."""
    rules = scratch / "one.yaml"
    rules.write_text("rules:\n  - {name: one, watch: {pair: [Norway, Iceland]}, when: spike}\n", encoding="utf-8")
    run = run_replay(archive, rules, scratch / "one.jsonl")
    told(f"{run.about['extracted']} articles extracted, one rule decided", run)
    return Figure("first replay / 300 s", run.seconds, _FIRST_AT_MOST_S, run.seconds / _FIRST_AT_MOST_S, at_most=1.0)


def deciding(archive: Path, scratch: Path) -> Iterator[Figure]:
    """Measure a replay of cached signals with many rules, in seconds and against reading and decoding the signals."""
    from pipelines.extraction.extractor import extractor_for
    from pipelines.replay.cached_signals import cached_signals
    from pipelines.replay.replay import days_between

    rules = scratch / "many.yaml"
    pairs = list(combinations(_ACTORS, 2))[:_MANY_RULES]
    lines = [f"  - {{name: pair-{n}, watch: {{pair: [{a}, {b}]}}, when: spike}}\n" for n, (a, b) in enumerate(pairs)]
    rules.write_text("rules:\n" + "".join(lines), encoding="utf-8")
    folder, version = Archive(archive), extractor_for().version
    start, before_s = time.monotonic(), time.process_time()
    signals = sum(len(found) for _, found in cached_signals(folder, version, days_between(folder, None, None)))
    reading_s, processor_s = time.monotonic() - start, time.process_time() - before_s
    told(f"{signals} signals read and decoded", Run(reading_s, processor_s, {}))
    run = run_replay(archive, rules, scratch / "many.jsonl")
    events, processes = run.about["events"], run.about["processes"]
    told(f"replayed with {len(pairs)} rules by {processes} processes, {events} events", run)
    seconds = run.seconds
    yield Figure(
        "cached replay, 100 rules / 60 s", seconds, _CACHED_AT_MOST_S, seconds / _CACHED_AT_MOST_S, at_most=1.0
    )
    yield Figure(
        "cached replay, 100 rules / decode", seconds, reading_s, seconds / reading_s, at_most=_DECIDING_AT_MOST
    )


if __name__ == "__main__":
    sys.exit(main(data_folder(os.environ)))
