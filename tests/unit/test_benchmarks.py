"""The door to the measurements: names, data, exit codes; and how a figure is written and judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as door
from benchmarks.figures import Figure, report

Runs = dict[str, Callable[[Path | None], int]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path | None]]:
    """Three measurements of which the second is not reached and the third could not be run; notes what was asked."""
    asked: list[tuple[str, Path | None]] = []
    codes = {"alpha": 0, "beta": 1, "betony": 2}

    def load(module: str) -> SimpleNamespace:
        name = module.removeprefix("benchmarks.bench_")

        def run(data: Path | None) -> int:
            asked.append((name, data))
            return codes[name]

        def with_seeds(seeds: int) -> int:
            asked.append((f"{name} {seeds}", None))
            return 0

        return SimpleNamespace(main=run, **({"with_seeds": with_seeds} if name == "alpha" else {}))

    monkeypatch.setattr(door, "import_module", load)
    monkeypatch.setattr(door, "names_of", lambda _kind: sorted(codes))
    return asked


def test_every_measurement_has_the_one_entrance() -> None:
    for kind in ("bench", "evaluate"):
        names = door.names_of(kind)
        assert names
        for name in names:
            assert "\ndef main(" in (Path(door.__file__).parent / f"{kind}_{name}.py").read_text(encoding="utf-8")
    assert {"extraction", "log"} <= set(door.names_of("bench"))
    assert {"extraction", "pairs"} <= set(door.names_of("evaluate"))


def test_one_name_runs_one_with_the_data(seen: list[tuple[str, Path | None]], tmp_path: Path) -> None:
    assert door.main(["bench", "alpha"], {"TOCSIN_EVALUATION_DATA": str(tmp_path)}) == 0
    assert seen == [("alpha", tmp_path.resolve())]


def test_the_beginning_of_one_name_is_enough(seen: list[tuple[str, Path | None]]) -> None:
    assert door.main(["bench", "al"], {}) == 0
    assert [name for name, _ in seen] == ["alpha"]


@pytest.mark.parametrize("name", ["gamma", "bet", "alphabet"])
def test_an_unknown_or_ambiguous_name_lists_them(
    seen: list[tuple[str, Path | None]], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert door.main(["bench", name], {}) == 2
    assert f"unknown name: {name}\n  → one of: alpha beta betony" in capsys.readouterr().err
    assert seen == []


def test_no_name_runs_all_and_one_failure_stops_none(
    seen: list[tuple[str, Path | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["bench"], {}) == 1
    assert [name for name, _ in seen] == ["alpha", "beta", "betony"]
    said = capsys.readouterr().err
    assert "bench beta: not reached" in said
    assert "bench betony: not run" in said


def test_what_could_not_be_run_is_no_success(seen: list[tuple[str, Path | None]]) -> None:
    assert door.main(["bench", "betony"], {}) == 2
    assert len(seen) == 1


def test_missing_data_are_said_with_a_remedy(
    seen: list[tuple[str, Path | None]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    door.main(["bench", "alpha"], {})
    door.main(["bench", "alpha"], {"TOCSIN_EVALUATION_DATA": str(tmp_path / "gone")})
    said = capsys.readouterr().err
    assert "TOCSIN_EVALUATION_DATA is not set" in said
    assert "gone is no folder" in said
    assert said.count("→ set TOCSIN_EVALUATION_DATA") == 2
    assert [data for _, data in seen] == [None, None]


def test_a_long_form_is_asked_for_with_a_number_of_seeds(
    seen: list[tuple[str, Path | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["bench", "alpha", "--seeds", "12"], {}) == 0
    assert seen == [("alpha 12", None)]
    assert door.main(["bench", "betony", "--seeds", "12"], {}) == 2
    assert "bench betony has no long form" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["bunch"], ["bench", "alpha", "beta"]),
        *(["bench", "--seeds", "3"], ["bench", "alpha", "--seeds"], ["bench", "alpha", "--seeds", "1"]),
    ],
)
def test_wrong_usage_tells_the_right_one(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(arguments, {}) == 2
    assert "usage: ./run bench [NAME]" in capsys.readouterr().err


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["bench", "--help"], {}) == 0
    assert "evaluate  " in capsys.readouterr().err


def test_figures_are_four_words_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure("long_name_records/s", 123456.7, 9.87654, 12500.0), Figure("b", 0.5, 1, 0.5)]
    assert report(figures) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["long_name_records/s", "123457", "9.877", "12500.000"],
        ["b", "0.5", "1", "0.500"],
    ]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("figure", "code"),
    [
        (Figure("a", 8, 10, 0.8, at_least=0.8), 0),
        (Figure("a", 7, 10, 0.7, at_least=0.8), 1),
        (Figure("a", 8, 10, 0.8, at_most=0.8), 0),
        (Figure("a", 9, 10, 0.9, at_most=0.8), 1),
    ],
)
def test_a_figure_is_judged_by_its_ratio(figure: Figure, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert report([figure]) == code
    assert ("not reached: a" in capsys.readouterr().err) == bool(code)
