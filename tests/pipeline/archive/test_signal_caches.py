"""The signals an archive keeps of each version of extraction: shown by `archive info`, removed by `archive prune-signals`."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from connectors.archive.signal_caches import signal_caches
from tests.pipeline.archive.test_archive_job import article
from tests.streams.records import signal
from tocsin.commands.archive import command

DAY = datetime(2025, 1, 6, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of one article with the signals of three versions, "new" written last and "old" first."""
    archive = Archive(tmp_path / "history")
    archive.add(DAY.date(), [article(1, DAY)])
    for age, version in enumerate(("new", "middle", "old")):
        archive.cache_signals(version, DAY.date(), [signal("one", DAY)])
        (file,) = (archive.folder / "signals" / version).rglob("*.parquet")
        os.utime(file, (DAY.timestamp() - age * 86_400,) * 2)
    return archive.folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def versions(folder: Path) -> list[str]:
    return [cache.version for cache in signal_caches(folder)]


def test_info_shows_the_signals_of_each_version(folder: Path) -> None:
    text = run("info", "--archive", folder).stdout
    assert "  signals of extraction new: 1 days, 2025-01-06 to 2025-01-06, " in text
    assert "last written 2025-01-04" in text
    kept = json.loads(run("info", "--archive", folder, "--json").stdout)["signals"]
    assert [one["extractor_version"] for one in kept] == ["new", "middle", "old"]
    assert all(one["bytes"] > 0 and one["days"] == 1 for one in kept)


def test_the_two_written_last_stay_and_the_articles_do(folder: Path) -> None:
    done = run("prune-signals", "--archive", folder)
    assert done.exit_code == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["kept", "new"],
        ["kept", "middle"],
        ["removed", "old"],
    ]
    assert "free" in done.stderr
    assert versions(folder) == ["new", "middle"]
    archive = Archive(folder)
    assert archive.count(DAY.date()) == 1
    assert archive.has_signals("new", DAY.date())
    assert archive.signals("old", DAY.date()) is None
    again = run("prune-signals", "--archive", folder)
    assert again.exit_code == 0
    assert "removed" not in again.stdout


def test_a_dry_run_removes_nothing(folder: Path) -> None:
    done = run("prune-signals", "--archive", folder, "--keep", "1", "--dry-run")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["kept", "would", "would"]
    assert versions(folder) == ["new", "middle", "old"]


def test_none_may_stay(folder: Path) -> None:
    assert run("prune-signals", "--archive", folder, "--keep", "0").exit_code == 0
    assert versions(folder) == []


def test_what_the_archive_only_points_to_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "signals" / "old").rename(tmp_path / "elsewhere")
    (folder / "signals" / "old").symlink_to(tmp_path / "elsewhere")
    assert run("prune-signals", "--archive", folder, "--keep", "0").exit_code == 0
    assert list((tmp_path / "elsewhere").rglob("*.parquet"))


def test_a_folder_without_an_archive_is_refused(tmp_path: Path) -> None:
    done = run("prune-signals", "--archive", tmp_path)
    assert done.exit_code != 0
    assert "holds no archive" in str(done.exception)
