"""An invented past to import and replay: four outlets, an item an hour each, one pair that is seldom in the news, a burst."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.archive.field_map import FieldMap
from connectors.archive.folder import Archive
from connectors.archive.import_rows import Row
from pipelines.import_history import ImportReport, import_items, items_in, write_rhythm

HOUR = timedelta(hours=1)
START = datetime(2023, 5, 1, tzinfo=UTC)  # a Monday

OUTLETS = ("harbour-news", "morning-post", "northern-star", "valley-times")
MAP = FieldMap.parse("published=t,source=src,title=title,summary=desc,url=url")

_WORDS = (
    "anchor", "apple", "autumn", "badge", "basket", "beacon", "blanket", "bottle", "branch", "bridge", "bucket",
    "butter", "candle", "carpet", "castle", "chapel", "cherry", "clover", "copper", "corner", "cotton", "cradle",
    "crystal", "curtain", "daisy", "dragon", "engine", "fabric", "feather", "fiddle", "flower", "forest",
    "fountain", "garden", "ginger", "glove", "hammer", "harvest", "hollow", "honey", "island", "jacket", "kettle",
    "ladder", "lantern", "lemon", "library", "magnet", "marble", "meadow", "mirror", "mountain", "nectar",
    "needle", "orchard", "oyster", "paddle", "parcel", "pebble", "pepper", "pillow", "pocket", "puzzle", "rabbit",
    "ribbon", "saddle", "sailor", "shadow", "silver", "spider", "spring", "stable", "summer", "thread", "ticket",
    "timber", "tunnel", "turnip", "velvet", "violin", "waffle", "walnut", "willow", "window", "winter", "yellow",
    "zipper",
)  # fmt: skip

#: Hours after the start at which each of the invented pair's quiet stories stands.
_QUIET = range(13, 10_000, 31)


def row(at: datetime, outlet: str, title: str, text: str) -> dict[str, str]:
    """Return an item as a file of history has it."""
    page = title.lower().replace(" ", "-")
    return {
        "t": at.isoformat(),
        "src": outlet,
        "title": title,
        "desc": text,
        "url": f"https://{outlet}.example/{at:%Y/%m/%d}/{page}",
    }


def history(
    days: int,
    *,
    outlets: Iterable[str] = OUTLETS,
    burst: datetime | None = None,
    silent: Collection[int] = (),
    seed: int = 1,
) -> Iterator[dict[str, str]]:
    """Yield the items of ``days`` days, none of them in the ``silent`` hours (counted from the start).

    From ``burst`` on the pair Norway–Iceland makes two stories an hour for six hours; else one in 31 hours.
    """
    draw = random.Random(seed)
    for number in range(days * 24):
        hour = START + number * HOUR
        if number in silent:
            continue
        for outlet in outlets:
            yield row(hour + timedelta(minutes=draw.randrange(60)), outlet, *_filler(draw))
        of_pair = int(number in _QUIET)
        if burst is not None and burst <= hour < burst + 6 * HOUR:
            of_pair += 2
        for _ in range(of_pair):
            at = hour + timedelta(minutes=draw.randrange(60))
            yield row(at, draw.choice(list(outlets)), *_of_the_pair(draw))


def _filler(draw: random.Random) -> tuple[str, str]:
    words = [draw.choice(_WORDS) for _ in range(16)]
    return f"A {words[0]} and a {words[1]} by the {words[2]}", f"The {' '.join(words[3:])} was shown to visitors."


def _of_the_pair(draw: random.Random) -> tuple[str, str]:
    words = [draw.choice(_WORDS) for _ in range(12)]
    return (
        f"Norway and Iceland quarrel over the {words[0]} {words[1]} {words[2]}",
        f"A dispute over {' '.join(words[3:])} has grown.",
    )


def imported(folder: Path, rows: Iterable[dict[str, str]]) -> Archive:
    """Return an archive in ``folder`` with ``rows`` and the coverage of their rhythm."""
    archive = Archive(folder)
    read = (Row(f"invented:{number}", values) for number, values in enumerate(rows, start=1))
    report = ImportReport()
    import_items(archive, items_in(read, MAP, ZoneInfo("UTC"), "", report), report)
    assert report.rows == report.articles, report
    write_rhythm(archive)
    return archive


def json_lines(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """Write ``rows`` as JSON Lines."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    return path
