"""The halves in which `./run test` runs: every folder of tests is in one of them, and in one only."""

from __future__ import annotations

from pathlib import Path

from tests.__main__ import WAITING, halves

_TESTS = Path(__file__).parents[1]


def test_every_folder_with_tests_is_in_one_half() -> None:
    waiting, computing = halves(_TESTS)
    assert {f"tests/{name}" for name in WAITING} == set(waiting), "a folder named there has no tests"
    assert not set(waiting) & set(computing)
    for path in _TESTS.rglob("test_*.py"):
        assert f"tests/{path.relative_to(_TESTS).parts[0]}" in {*waiting, *computing}


def test_a_new_folder_is_not_forgotten(tmp_path: Path) -> None:
    for name in ("acceptance/test_a.py", "brand_new/deep/test_b.py", "fixtures/make.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert halves(tmp_path) == (["tests/acceptance"], ["tests/brand_new"])
