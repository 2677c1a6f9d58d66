"""`tocsin detect` on files: one row out for each row in, and mistakes named by file and line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.errors import UsageError
from tocsin.commands.detect import command


def detect(file: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(file), *options])


def written(folder: Path, *lines: str) -> Path:
    path = folder / "counts.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def hourly(counts: list[int]) -> list[str]:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return [f"{(start + timedelta(hours=n)).isoformat()},{count}" for n, count in enumerate(counts)]


def test_a_burst_rings_once_and_every_row_comes_back(tmp_path: Path) -> None:
    counts = [1, 0, 2, 1, 0, 1] * 60 + [9] * 8 + [1] * 40
    lines = hourly(counts)
    result = detect(written(tmp_path, "timestamp,count", *lines))
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [f"{row['timestamp']},{row['count']}" for row in rows] == lines
    assert list(rows[0]) == ["timestamp", "count", "expected", "score", "alarm"]
    rung = [number for number, row in enumerate(rows) if row["alarm"] == "1" and number > 200]
    assert rung
    assert 360 <= rung[0] < 368
    assert float(rows[rung[0]]["score"]) >= 3


def test_rows_left_out_are_zeros_or_unseen(tmp_path: Path) -> None:
    lines = hourly([5] * 400)
    path = written(
        tmp_path, "count,note,timestamp", *(f"{c},x,{t}" for t, c in (one.split(",") for one in lines[:200]))
    )
    path.write_text(path.read_text() + "\n".join(f"{c},,{t}" for t, c in (one.split(",") for one in lines[300:])))
    scored = {}
    for missing in ("zero", "unseen"):
        rows = list(csv.DictReader(io.StringIO(detect(path, "--missing", missing).stdout)))
        assert len(rows) == 300
        scored[missing] = float(rows[250]["expected"])
    assert scored["zero"] * 1.3 < scored["unseen"] < 5


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (["timestamp,count", "2024-01-01T00:00Z,4", "soon,5"], [], "counts.csv:3: 'soon' is no time"),
        (["timestamp,count", "2024-01-01T00:00Z,many"], [], "counts.csv:2: the count 'many' is no number"),
        (["timestamp,count", "2024-01-01T00:00Z,-1"], [], "counts.csv:2: the count -1 is not 0 or more"),
        (["2024-01-01T00:00Z,-1"], [], "counts.csv:1: the count -1 is not 0 or more"),
        (["timestamp,count", "2024-01-01T00:00Z,nan"], [], "counts.csv:2: the count 'nan' is no number"),
        (["timestamp,count", "2024-01-01T00:00Z,inf"], [], "counts.csv:2: the count 'inf' is no number"),
        (["timestamp,count", "2024-01-01T00:00Z,"], [], "counts.csv:2: the count '' is no number"),
        (["timestamp,count", "2024-01-01T00:00Z,1_000"], [], "counts.csv:2: the count '1_000' is no number"),
        (["timestamp,count", "2024-01-01T00:00Z,1,000"], [], "counts.csv:2: a row of 3 cells under a first line of 2"),
        (["timestamp,count", "2024-01-01T00:00Z,1e308"], [], r"counts.csv:2: the count 1e308 is more than 1e\+15"),
        (["timestamp,count", "2024-01-01T00:00Z\0,1"], [], "counts.csv:2: this is no text: it holds a NUL"),
        (["", " "], [], "counts.csv: there is nothing in it"),
        (
            ["timestamp,count", "2024-01-01T00:00Z,1", "2024-01-01T00:30Z,1"],
            [],
            "counts.csv:3: .* not a whole number of 1h",
        ),
        (["timestamp,count", "2024-01-01T05:00Z,1", "2024-01-01T05:00Z,1"], [], "counts.csv:3: .* does not come after"),
        (["when,how many", "2024-01-01T05:00Z,1"], [], "counts.csv:1: the header"),
        (["timestamp,count", "2024-01-01T05:00Z"], [], "counts.csv:2: a row of 1 cells"),
        (["timestamp,count"], ["--bucket", "1m"], "--bucket is outside 5m to 1w"),
        (["timestamp,count"], ["--bucket", "1d"], "--windows 6h is not one or more whole buckets of 1d"),
        (["timestamp,count"], ["--half-life", "soon"], "--half-life: 'soon' is no duration"),
        (["timestamp,count"], ["--guard", "0"], "--guard 0 is not one or more whole buckets"),
    ],
)
def test_mistakes_name_their_place(tmp_path: Path, lines: list[str], options: list[str], said: str) -> None:
    result = detect(written(tmp_path, *lines), *options)
    assert isinstance(result.exception, UsageError)
    with pytest.raises(UsageError, match=said):
        raise result.exception
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("bucket", "windows"), [("5m", "15m,1h"), ("15m", "6h,24h"), ("1d", "7d,28d"), ("1w", "1w,4w")]
)
def test_buckets_from_five_minutes_to_a_week(tmp_path: Path, bucket: str, windows: str) -> None:
    step = {"5m": 300, "15m": 900, "1d": 86400, "1w": 604800}[bucket]
    lines = [f"{1704067200 + n * step},{3 + n % 3}" for n in range(900)]
    result = detect(written(tmp_path, *lines), "--bucket", bucket, "--windows", windows)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 900
    assert float(rows[-1]["expected"]) == pytest.approx(4.0, rel=0.2)


def test_a_file_as_a_table_writes_it_reads_as_a_plain_one(tmp_path: Path) -> None:
    """A byte order mark, CRLF, quotes, columns the other way round, hours named by the clock of the place."""
    path = tmp_path / "exported.csv"
    summer = ("2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00", "2024-03-31T04:00:00+02:00")
    path.write_bytes(
        ("\ufeff" + "".join(f'"{n}","{t}"\r\n' for n, t in [("count", "timestamp"), *enumerate(summer)])).encode()
    )
    plain = written(tmp_path, "timestamp,count", *(f"2024-03-31T0{n}:00Z,{n}" for n in range(3)))
    exported, same = (list(csv.DictReader(io.StringIO(detect(one).stdout))) for one in (path, plain))
    assert [row["timestamp"] for row in exported] == list(summer)
    assert [row | {"timestamp": ""} for row in exported] == [row | {"timestamp": ""} for row in same]
    assert len(same) == 3


def test_a_header_alone_gives_a_header_alone(tmp_path: Path) -> None:
    assert detect(written(tmp_path, "timestamp,count")).stdout == "timestamp,count,expected,score,alarm\n"


def test_rows_come_in_by_standard_input() -> None:
    result = CliRunner().invoke(command, ["-"], input="timestamp,count\n2024-01-01T00:00Z,2\n")
    assert result.stdout.splitlines()[1:] == ["2024-01-01T00:00Z,2,0.02083,2.183,0"]


def test_part_of_a_bucket_is_no_bucket(tmp_path: Path) -> None:
    """A quiet of an hour and a half after an alarm covers the next hour, and not the one after it."""
    path = written(tmp_path, *hourly([0] * 100 + [50] * 4))
    alarms = [row["alarm"] for row in csv.DictReader(io.StringIO(detect(path, "--cooldown", "90m").stdout))]
    assert alarms[100:] == ["1", "0", "1", "0"]
