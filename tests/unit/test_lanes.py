"""The lanes in which `./run test` runs: together they run every test once, and say where they did not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.__main__ import BETWEEN, LANES, WAITING, folders, missed, run_lanes
from tests.lanes import way

_TESTS = Path(__file__).parents[1]


def test_every_folder_with_tests_is_gone_through_once() -> None:
    found = folders(_TESTS)
    assert set(WAITING) | set(BETWEEN) <= set(found), "a folder named there has no tests"
    assert len(found) == len(set(found))
    for path in _TESTS.rglob("test_*.py"):
        assert path.relative_to(_TESTS).parts[0] in found


def test_a_new_folder_is_not_forgotten(tmp_path: Path) -> None:
    for name in ("acceptance/test_a.py", "brand_new/deep/test_b.py", "fixtures/make.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert folders(tmp_path) == ["acceptance", "brand_new"]


@pytest.mark.parametrize("files", [0, 1, 2, 7])
def test_each_lane_comes_to_every_file(files: int) -> None:
    assert [sorted(way(lane, files)) for lane in range(LANES)] == [list(range(files))] * LANES


def test_the_lanes_begin_apart() -> None:
    assert [way(lane, 7)[0] for lane in range(LANES)] == [0, 6, 1]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Nine files of three tests; each notes that it ran, and that the fixture of its file was made once."""
    (tmp_path / "pytest.ini").touch()
    for number in range(9):
        (tmp_path / f"test_{number}.py").write_text(
            "import pathlib, pytest\n"
            "@pytest.fixture(scope='module')\n"
            "def once():\n"
            f"    pathlib.Path({str(tmp_path)!r}, 'once-{number}').touch(exist_ok=False)\n"
            "@pytest.mark.parametrize('n', range(3))\n"
            "def test_it(once, n):\n"
            f"    pathlib.Path({str(tmp_path)!r}, f'ran-{number}-{{n}}').touch(exist_ok=False)\n"
        )
    return tmp_path


def lanes_over(suite: Path) -> int:
    return run_lanes([str(suite)], ["--rootdir", str(suite), "-c", str(suite / "pytest.ini"), "-q"])


def test_every_test_is_run_once(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert lanes_over(suite) == 0
    assert len(list(suite.glob("ran-*"))) == 27
    assert "each was run once" in capfd.readouterr().out


def test_a_failure_in_any_lane_fails_the_whole_and_is_printed(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number in (0, 4, 8):
        (suite / f"ran-{number}-1").touch()
    assert lanes_over(suite) == 1
    said = capfd.readouterr().out
    for number in (0, 4, 8):
        assert f"/test_{number}.py::test_it[1]" in said  # In CI pytest says on that line why.
    assert "each was run once" in said


def test_a_lane_that_dies_is_not_taken_for_one_that_passed(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (suite / "test_8.py").write_text("import os\ndef test_it():\n    os._exit(0)\n")
    assert lanes_over(suite) == 1
    assert "did not come to its end" in capfd.readouterr().out


def told(meeting: Path, *lanes: tuple[int, list[str]]) -> str:
    for number, (collected, ran) in enumerate(lanes):
        text = json.dumps({"collected": collected, "ran": ran})
        (meeting / f"lane-{number}.json").write_text(text, encoding="utf-8")
    return missed(meeting)


def test_what_was_left_out_or_run_twice_is_said(tmp_path: Path) -> None:
    assert told(tmp_path, (3, ["a"]), (3, ["b"]), (3, ["c"])) == ""
    assert told(tmp_path, (3, ["a"]), (3, ["b"]), (3, [])) == "1 tests were not run"
    assert told(tmp_path, (3, ["a"]), (3, ["b", "a"]), (3, ["c"])) == "1 tests were run twice: a"
    assert told(tmp_path, (3, ["a"]), (2, ["b"]), (3, ["c"])) == "the lanes saw different numbers of tests: [2, 3]"
