"""`tocsin detect`: the spike detector over any series in a CSV file, without feeds, rules or a folder."""

from __future__ import annotations

import csv
import math
import sys
from datetime import timedelta
from typing import TextIO

import click

from alerts.detectors.series import Season, SeriesParameters, default_guard, detect
from schemas.durations import parse_duration, show_duration
from schemas.errors import UsageError
from tocsin.count_series import CountRow, read_counts
from tocsin.progress import Progress

_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(weeks=1)


@click.command(
    name="detect", epilog="Example: tocsin detect stories.csv --bucket 1h --windows 6h,24h --k 3 > scored.csv"
)
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.option("--bucket", default="1h", show_default=True, help="Length of a row: 5m to 1w.")
@click.option("--windows", default="6h,24h", show_default=True, help="Windows that are summed and scored, by commas.")
@click.option(
    "--season",
    type=click.Choice([s.value for s in Season]),
    default=Season.HOUR_OF_WEEK.value,
    show_default=True,
    help="What is normal depends on the hour of the day, on weekdays and on weekends (UTC), or not.",
)
@click.option("--half-life", default="14d", show_default=True, help="After it a bucket weighs half in the baseline.")
@click.option(
    "--guard", help="The newest stretch the baseline never sees (default: longest window, at least 24h, + 1h)."
)
@click.option("--cap", type=float, default=8.0, show_default=True, help="Standard deviations a bucket teaches at most.")
@click.option("--prior-count", type=float, default=0.5, show_default=True, help="Counted before the first bucket …")
@click.option("--prior-exposure", default="24h", show_default=True, help="… over this long.")
@click.option(
    "--dispersion-prior", type=float, default=1.5, show_default=True, help="Variance over mean to begin with …"
)
@click.option("--dispersion-weight", default="48", show_default=True, help="… worth this many buckets.")
@click.option("--dispersion-half-life", default="28d", show_default=True, help="How fast the dispersion forgets.")
@click.option(
    "--season-shrink", type=float, default=20.0, show_default=True, help="Counts a slot needs to be believed half."
)
@click.option("--warmup", default="7d", show_default=True, help="The beginning within which no bucket is capped.")
@click.option("--k", type=float, default=3.0, show_default=True, help="The score that rings.")
@click.option(
    "--min-count", type=float, default=4.0, show_default=True, help="The least count of its window that rings."
)
@click.option("--cooldown", default="24h", show_default=True, help="No second alarm within it.")
@click.option(
    "--missing",
    type=click.Choice(["zero", "unseen"]),
    default="zero",
    show_default=True,
    help="What a bucket without a row is: nothing happened, or nobody looked.",
)
def command(file: TextIO, bucket: str, windows: str, season: str, missing: str, **options: str | float | None) -> None:
    """Score every row of FILE (columns timestamp,count; "-" is standard input), each by the rows before it alone.

    Prints timestamp,count,expected,score,alarm, one row for each row. "expected" is the normal count of that row,
    "score" how surprising its best window is, as -log10 of the chance. Durations are written 15m, 6h, 14d, 2w; a number
    without a unit counts buckets.
    """
    parameters = _parameters(_stretch("--bucket", bucket), windows, Season(season), options)
    rows = read_counts(file, getattr(file, "name", "<stdin>"), parameters.bucket)
    _write(rows, parameters, unseen=missing == "unseen")


def _parameters(
    bucket: timedelta, windows: str, season: Season, options: dict[str, str | float | None]
) -> SeriesParameters:
    if not _SHORTEST <= bucket <= _LONGEST:
        raise UsageError("--bucket is outside 5m to 1w", remedy="sum or split the rows first")
    lengths = tuple(_whole("--windows", part, bucket) for part in windows.split(","))
    if len(set(lengths)) < len(lengths):
        raise UsageError("--windows names a window twice")

    def number(name: str, least: float) -> float:
        value = options[name]
        return _number(f"--{name.replace('_', '-')}", value if value is not None else "", bucket, least)

    guard = options["guard"]
    return SeriesParameters(
        windows_h=lengths,
        half_life_h=number("half_life", 1e-3),
        cap_sd=number("cap", 0.0),
        prior_count=number("prior_count", 1e-9),
        prior_exposure_h=number("prior_exposure", 1e-9),
        dispersion_prior=number("dispersion_prior", 0.0),
        dispersion_weight=number("dispersion_weight", 1e-9),
        dispersion_half_life_h=number("dispersion_half_life", 1e-3),
        season_shrink=number("season_shrink", 1e-9),
        warmup_h=math.floor(number("warmup", 0.0)),
        guard=_whole("--guard", str(guard), bucket)
        if guard is not None
        else default_guard([length * bucket for length in lengths], bucket),
        bucket=bucket,
        season=season,
        k=number("k", 0.0),
        min_count=number("min_count", 0.0),
        cooldown=math.floor(number("cooldown", 0.0)),
    )


def _number(option: str, value: str | float, bucket: timedelta, least: float) -> float:
    """Return ``value`` in buckets where it is a duration, else as the number it is."""
    try:
        number = float(value)
    except ValueError:
        number = _stretch(option, str(value)) / bucket
    if not least <= number <= 1e9:
        raise UsageError(f"{option} {value} is {'too small' if number < least else 'no usable number'}")
    return number


def _whole(option: str, text: str, bucket: timedelta) -> int:
    number = _number(option, text.strip(), bucket, 0.0)
    if number < 1 or number != int(number):
        raise UsageError(
            f"{option} {text.strip()} is not one or more whole buckets of {show_duration(bucket)}",
            remedy=f"write a multiple of --bucket, for example {option} {show_duration(max(1, round(number)) * bucket)}",
        )
    return int(number)


def _stretch(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _write(rows: list[CountRow], parameters: SeriesParameters, *, unseen: bool) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["timestamp", "count", "expected", "score", "alarm"])
    if not rows:
        return
    counts: list[float | None] = [None if unseen else 0.0] * (rows[-1].bucket + 1)
    for row in rows:
        counts[row.bucket] = row.count
    waiting = iter(rows)
    row = next(waiting)
    with Progress("scoring") as progress:
        for number, found in enumerate(detect(counts, parameters, rows[0].start)):
            if number % 500 == 0:
                progress.update(number, len(counts))
            if number == row.bucket:
                out.writerow(
                    [row.timestamp, row.shown, f"{found.expected:.4g}", f"{found.score:.3f}", int(found.alarm)]
                )
                row = next(waiting, row)
