"""Two years of news through import and replay: are known onsets found, is it the same each time, and how long does it take.

`./run evaluate replay`; the news lie outside the project, in TOCSIN_EVALUATION_DATA/headliner_2019_2021.jsonl.xz.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

from benchmarks.figures import Figure, heading, report
from connectors.archive.folder import Archive
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind

_NEWS = "headliner_2019_2021.jsonl.xz"
_MAP = "published=t,source=src,title=title,summary=desc,url=url"
_ROOT = Path(__file__).resolve().parent.parent
_RULES = _ROOT / "examples" / "rules" / "world-pairs-2020.yaml"

#: An onset counts as found by an alert that opens or grows in this stretch around 00:00 UTC of its day.
_BEFORE, _AFTER = timedelta(hours=24), timedelta(hours=36)

#: What must be reached: seconds to extract everything in two processes, and all of replay against reading the signals.
_EXTRACTION_S, _DECIDING_AT_MOST = 300.0, 3.0

#: Days that are extracted and replayed again with another batch size and another number of processes.
_AGAIN_FROM, _AGAIN_TO = "2020-06-01", "2020-06-30"

_ACTORS = (
    "United States", "Iran", "India", "China", "Israel", "United Arab Emirates", "Armenia", "Azerbaijan", "Hamas",
    "Taliban", "Afghanistan", "Russia", "Ukraine", "North Korea", "United Kingdom",
)  # fmt: skip
_MANY_RULES = 100


@dataclass(frozen=True)
class Onset:
    """A day on which something began between two actors; ``must``: eight outlets saw it, so a rule has to find it."""

    key: str
    day: datetime
    must: bool


ONSETS = (
    Onset("IRN-USA", datetime(2020, 1, 3, tzinfo=UTC), must=True),
    Onset("CHN-IND", datetime(2020, 6, 16, tzinfo=UTC), must=True),
    Onset("ARE-ISR", datetime(2020, 8, 13, tzinfo=UTC), must=True),
    Onset("ARM-AZE", datetime(2020, 9, 27, tzinfo=UTC), must=True),
    Onset("HAMAS-ISR", datetime(2021, 5, 10, tzinfo=UTC), must=False),
    Onset("AFG-TALIBAN", datetime(2021, 8, 15, tzinfo=UTC), must=False),
)


@dataclass(frozen=True)
class Run:
    """A command that ended well: its seconds, those of processors in all of its processes, and what it printed as JSON."""

    seconds: float
    processor_s: float
    about: dict[str, object]


def main(folder: Path | None) -> int:
    """Print what was found and the figures; return 0 all reached, 1 not all, 2 there are no news to judge by."""
    news = folder / _NEWS if folder is not None else None
    if news is None or not news.is_file():
        print(f"no news: {_NEWS} is not in the folder of evaluation data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tocsin-replay-") as scratch:
        return _evaluate(news, Path(scratch))


def _evaluate(news: Path, scratch: Path) -> int:
    archive = scratch / "archive"
    imported = _tocsin("archive", "import", news, "--archive", archive, "--map", _MAP)
    print(f"import: {imported.seconds:.0f} s", flush=True)
    first = _replay(archive, _RULES, scratch / "first.jsonl")
    second = _replay(archive, _RULES, scratch / "second.jsonl")
    # Two processes share the work: on two cores of their own they are done in half the seconds of processor.
    extraction_s = (first.processor_s - second.processor_s) / 2
    print(
        f"extraction: {first.seconds - second.seconds:.0f} s for {first.about['extracted']} articles in 2 processes, "
        f"{extraction_s:.0f} s of processor in each"
    )
    print(f"replay: {second.seconds:.0f} s with 12 rules, {second.about['events']} events, {second.about['digest']}")
    missed = _say_onsets(scratch / "second.jsonl")
    same = _is_same(first, second) & _same_in_other_batches(archive, scratch)
    many = _deciding(archive, scratch)
    heading()
    slow = report(
        [
            Figure(
                "extraction, processor s a process",
                extraction_s,
                _EXTRACTION_S,
                extraction_s / _EXTRACTION_S,
                at_most=1.0,
            ),
            many,
        ]
    )
    return 1 if missed or not same or slow else 0


def _tocsin(*arguments: object) -> Run:
    start, before_s = time.monotonic(), _children_s()
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, arguments)],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - start
    printed = done.stdout.strip().splitlines()
    about = json.loads(printed[-1]) if printed and printed[-1].startswith("{") else {}
    return Run(seconds, _children_s() - before_s, about)


def _replay(archive: Path, rules: Path, ledger: Path, *options: object) -> Run:
    return _tocsin("replay", "--archive", archive, "--rules", rules, "--ledger", ledger, "--json", *options)


def found_at(onset: Onset, events: Sequence[AlertEvent]) -> datetime | None:
    """Return when the first alert of ``onset`` opened or grew, None where none did in time."""
    kinds = (EventKind.OPENED, EventKind.ESCALATED)
    times = [
        event.at
        for event in events
        if event.key == onset.key and event.event in kinds and onset.day - _BEFORE <= event.at <= onset.day + _AFTER
    ]
    return min(times, default=None)


def _say_onsets(ledger: Path) -> list[Onset]:
    """Print when each onset was found; return those that had to be and were not."""
    events = [AlertEvent.model_validate_json(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    missed = []
    for onset in ONSETS:
        at = found_at(onset, events)
        told = f"found {at:%Y-%m-%d %H:%M}" if at else "not found"
        print(f"onset {onset.key:12} {onset.day:%Y-%m-%d}  {told}{'' if onset.must else '  (two outlets left)'}")
        if at is None and onset.must:
            missed.append(onset)
    return missed


def _is_same(one: Run, other: Run) -> bool:
    same = one.about["digest"] == other.about["digest"]
    print(f"digest again: {'the same' if same else 'ANOTHER ONE'}")
    return same


def _same_in_other_batches(archive: Path, scratch: Path) -> bool:
    """Import a month's news anew and extract them in other batches: nothing may depend on how they were cut."""
    month = ("--from", _AGAIN_FROM, "--to", _AGAIN_TO)
    before = _replay(archive, _RULES, scratch / "month.jsonl", *month)
    anew = scratch / "anew"
    for part in ("articles", "coverage"):
        (anew / part).parent.mkdir(exist_ok=True)
        (anew / part).symlink_to(archive / part)
    after = _replay(anew, _RULES, scratch / "anew.jsonl", *month, "--batch", 333, "--workers", 1)
    print(f"a month in batches of 333 in one process: {after.about['extracted']} articles extracted anew")
    return _is_same(before, after)


def _deciding(archive: Path, scratch: Path) -> Figure:
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
    deciding_s = _replay(archive, rules, scratch / "many.jsonl").processor_s
    print(
        f"{signals} signals: read and decoded in {reading_s:.0f} s, replayed with {len(pairs)} rules in {deciding_s:.0f} s"
    )
    return Figure(
        "replay, 100 rules / decode", deciding_s, reading_s, deciding_s / reading_s, at_most=_DECIDING_AT_MOST
    )


def _children_s() -> float:
    """Return the processor seconds of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main(Path(os.environ["TOCSIN_EVALUATION_DATA"]) if "TOCSIN_EVALUATION_DATA" in os.environ else None))
