"""Two years of news through import and replay: are known onsets found, is it the same each time, and how long does it take.

`./run evaluate replay`; the news lie outside the project, in TOCSIN_EVALUATION_DATA/data/headliner_2019_2021.jsonl.xz.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.__main__ import data_folder
from benchmarks.bench_replay import MAP, NEWS, deciding
from benchmarks.figures import Figure, heading, report
from benchmarks.replay_runs import ROOT, Run, run_replay, run_tocsin
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind

_RULES = ROOT / "examples" / "rules" / "world-pairs-2020.yaml"

#: An onset counts as found by an alert that opens or grows in this stretch around 00:00 UTC of its day.
_BEFORE, _AFTER = timedelta(hours=24), timedelta(hours=36)

#: What must be reached: seconds to extract everything in two processes.
_EXTRACTION_S = 300.0

#: Days that are extracted and replayed again with another batch size and another number of processes.
_AGAIN_FROM, _AGAIN_TO = "2020-06-01", "2020-06-30"


@dataclass(frozen=True)
class Onset:
    """A day on which something began between two actors: a rule has to find it. How many ``outlets`` could tell of it."""

    key: str
    day: datetime
    outlets: int


ONSETS = (
    Onset("IRN-USA", datetime(2020, 1, 3, tzinfo=UTC), outlets=1),
    Onset("CHN-IND", datetime(2020, 6, 16, tzinfo=UTC), outlets=8),
    Onset("ARE-ISR", datetime(2020, 8, 13, tzinfo=UTC), outlets=8),
    Onset("ARM-AZE", datetime(2020, 9, 27, tzinfo=UTC), outlets=8),
    Onset("HAMAS-ISR", datetime(2021, 5, 10, tzinfo=UTC), outlets=2),
    Onset("AFG-TALIBAN", datetime(2021, 8, 15, tzinfo=UTC), outlets=2),
)


def main(folder: Path | None) -> int:
    """Print what was found and the figures; return 0 all reached, 1 not all, 2 there are no news to judge by."""
    news = folder / NEWS if folder is not None else None
    if news is None or not news.is_file():
        print(f"no news: {NEWS} is not in the folder of evaluation data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tocsin-replay-") as scratch:
        return _evaluate(news, Path(scratch))


def _evaluate(news: Path, scratch: Path) -> int:
    archive = scratch / "archive"
    imported = run_tocsin("archive", "import", news, "--archive", archive, "--map", MAP)
    print(f"import: {imported.seconds:.0f} s", flush=True)
    first = run_replay(archive, _RULES, scratch / "first.jsonl")
    second = run_replay(archive, _RULES, scratch / "second.jsonl")
    # Two processes share the work: on two cores of their own they are done in half the seconds of processor.
    extraction_s = (first.processor_s - second.processor_s) / 2
    print(
        f"extraction: {first.seconds - second.seconds:.0f} s for {first.about['extracted']} articles in 2 processes, "
        f"{extraction_s:.0f} s of processor in each"
    )
    print(f"replay: {second.seconds:.0f} s with 12 rules, {second.about['events']} events, {second.about['digest']}")
    missed = say_onsets(scratch / "second.jsonl")
    same = _is_same(first, second) & _same_in_other_batches(archive, scratch)
    many = list(deciding(archive, scratch))
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
            *many,
        ]
    )
    return 1 if missed or not same or slow else 0


def found_at(onset: Onset, events: Sequence[AlertEvent]) -> datetime | None:
    """Return when the first alert of ``onset`` opened or grew, None where none did in time."""
    kinds = (EventKind.OPENED, EventKind.ESCALATED)
    times = [
        event.at
        for event in events
        if event.key == onset.key and event.event in kinds and onset.day - _BEFORE <= event.at <= onset.day + _AFTER
    ]
    return min(times, default=None)


def say_onsets(ledger: Path) -> list[Onset]:
    """Print when each onset was found; return those that were not."""
    events = [AlertEvent.model_validate_json(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    missed = []
    for onset in ONSETS:
        at = found_at(onset, events)
        told = f"found {at:%Y-%m-%d %H:%M}" if at else "not found"
        print(f"onset {onset.key:12} {onset.day:%Y-%m-%d}  {told}, outlets at the time: {onset.outlets}")
        if at is None:
            missed.append(onset)
    return missed


def _is_same(one: Run, other: Run) -> bool:
    same = one.about["digest"] == other.about["digest"]
    print(f"digest again: {'the same' if same else 'ANOTHER ONE'}")
    return same


def _same_in_other_batches(archive: Path, scratch: Path) -> bool:
    """Import a month's news anew and extract them in other batches: nothing may depend on how they were cut."""
    month = ("--from", _AGAIN_FROM, "--to", _AGAIN_TO)
    before = run_replay(archive, _RULES, scratch / "month.jsonl", *month)
    anew = scratch / "anew"
    for part in ("articles", "coverage"):
        (anew / part).parent.mkdir(exist_ok=True)
        (anew / part).symlink_to(archive / part)
    after = run_replay(anew, _RULES, scratch / "anew.jsonl", *month, "--batch", 333, "--workers", 1)
    print(f"a month in batches of 333 in one process: {after.about['extracted']} articles extracted anew")
    return _is_same(before, after)


if __name__ == "__main__":
    sys.exit(main(data_folder(os.environ)))
