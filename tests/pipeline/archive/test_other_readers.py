"""The archive of a log is read by other programs with the very lines of the page on architecture, every record as it was."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any  # Libraries without types, some of which are not installed everywhere.

import pytest

from connectors.clock import ManualClock
from schemas.ports.log import Entry
from schemas.topics import ARTICLES, SIGNALS
from tests.pipeline.archive.living import Life
from tests.pipeline.archive.test_archive_job import NOON, POISON, Desk
from tests.services.not_run import not_run

PAGE = Path(__file__).parents[3] / "docs" / "architecture.md"
#: Topic, partition (None: not read), offset, bytes.
Found = set[tuple[str, int | None, int, bytes]]


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    """Two days in files that were rolled and merged, with coverage and what is no record at all; and what the log has."""
    life = Life(tmp_path_factory.mktemp("life"), partitions=2, clock=ManualClock(NOON))
    with life.opened() as (log, store):
        desk = Desk(life, log, store)
        desk.fill(16, minutes=60)
        for topic in (ARTICLES, SIGNALS):
            desk.log.append(topic, [Entry(0, value) for value in POISON])
        desk.fill(4)
        desk.job(roll_records=5, roll_after=timedelta()).step(all_of_it=True)
        assert desk.job(merge_records=8).merge()
        there: Found = {
            (topic, partition, record.offset, bytes(record.value))
            for topic, partition in ((ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0))
            for record in log.read(topic, partition, 0, max_records=1_000)
        }
    return life.archive, there


def line_of(library: str) -> str:
    """Return the line of the page that uses ``library``."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (line,) = [line for line in block.splitlines() if library in line]
    return str(line)


def run(line: str, archive: Path, **names: object) -> Any:
    """Run ``line`` on ``archive``; return what it gives its name to."""
    name = line.partition(" = ")[0]
    exec(line.replace("DIR", str(archive)), dict(names), found := dict[str, object]())
    return found[name]


def read_by_pyarrow(archive: Path) -> Iterable[Mapping[str, Any]]:
    import pyarrow.dataset

    rows: list[Mapping[str, Any]] = run(line_of("pyarrow"), archive, pyarrow=pyarrow).to_pylist()
    return rows


def read_by_pandas(archive: Path) -> Iterable[Mapping[str, Any]]:
    frame = run(line_of("pandas"), archive, pandas=installed("pandas"))
    assert str(frame["event_time"].dtype).startswith("datetime64[ms, UTC")
    for row in frame.to_dict("records"):
        yield {**row, "record": row["record"] if isinstance(row["record"], str) else None}


def read_by_duckdb(archive: Path) -> Iterable[Mapping[str, Any]]:
    rows = run(line_of("duckdb"), archive, duckdb=installed("duckdb"))
    assert dict(zip(rows.columns, map(str, rows.types), strict=True))["event_time"] == "TIMESTAMP WITH TIME ZONE"
    columns = rows.project('topic, "partition", "offset", record, raw')
    return [dict(zip(columns.columns, row, strict=True)) for row in columns.fetchall()]


def installed(name: str) -> Any:
    """Return the module ``name``, which is no dependency of ours."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        not_run(f"the archive read by {name}", f"{name} is not installed", required_in_ci=False)


@pytest.mark.parametrize("read", [read_by_pyarrow, read_by_pandas, read_by_duckdb])
def test_every_record_is_read_as_it_lay_in_the_log(
    read: Callable[[Path], Iterable[Mapping[str, Any]]], archived: tuple[Path, Found]
) -> None:
    archive, there = archived
    rows = list(read(archive))
    found = {(str(r["topic"]), int(r["partition"]), int(r["offset"]), bytes_of(r)) for r in rows}
    assert found == there
    assert len(rows) == len(there), "none twice"


def test_beam_reads_every_record_of_a_topic(archived: tuple[Path, Found]) -> None:
    import apache_beam
    from apache_beam.testing.util import assert_that

    archive, there = archived
    expected = sorted((offset, value) for topic, _, offset, value in there if topic == ARTICLES)

    def check(rows: list[Mapping[str, Any]]) -> None:
        assert sorted((row["offset"], bytes_of(row)) for row in rows) == expected

    with apache_beam.Pipeline() as pipeline:
        rows = run(line_of("apache_beam"), archive, pipeline=pipeline, apache_beam=apache_beam)
        assert_that(rows, check)  # type: ignore[no-untyped-call]  # Beam's checks have no types


def bytes_of(row: Mapping[str, Any]) -> bytes:
    return bytes(row["raw"]) if row["record"] is None else row["record"].encode()
