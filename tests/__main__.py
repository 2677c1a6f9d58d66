"""`./run test`: linters and layers, then types and pytest in lanes side by side. The exit code is of the first that failed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

STEPS: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
    ("layers", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)

#: As long as a lane: it runs beside them, and what it says is printed when the lanes have ended.
TYPES = ["-m", "mypy"]

#: Tests that mostly wait for processes and servers come first, those that mostly compute last; in the middle are both.
WAITING = ("acceptance", "chaos", "contract", "services")
BETWEEN = ("pipeline",)

#: One more than the cores of a small machine: a lane that waits leaves its core to another.
LANES = 3


def main(arguments: list[str]) -> int:
    """Run the steps (only pytest, in one, when ``arguments`` are given); return the exit code."""
    if arguments:
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode
    failed = 0
    for name, command in STEPS:
        started = time.monotonic()
        print(f"== {name}", flush=True)  # noqa: T201
        code = subprocess.run([sys.executable, *command], check=False).returncode
        ended = "ok" if code == 0 else f"FAILED ({code})"
        print(f"== {name}: {ended} in {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
        failed = failed or code
    with tempfile.TemporaryFile() as said:
        types = subprocess.Popen([sys.executable, *TYPES], stdout=said, stderr=subprocess.STDOUT)
        code = run_lanes([f"tests/{name}" for name in folders(Path(__file__).parent)])
        wrong = types.wait()
        said.seek(0)
        print(f"== types: {'ok' if wrong == 0 else f'FAILED ({wrong})'}\n{said.read().decode(errors='replace')}")  # noqa: T201
    return failed or wrong or code


def folders(tests: Path) -> list[str]:
    """Return the folders with tests below ``tests`` in the order in which the lanes go through them."""
    found = {path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")}
    between = [name for name in BETWEEN if name in found]
    last = sorted(found - {*WAITING, *between})
    return [*(name for name in WAITING if name in found), *between, *last]


def run_lanes(paths: Sequence[str], options: Sequence[str] = ()) -> int:
    """Run the tests in ``paths`` in lanes; each after the first is printed when it has ended.

    Return the exit code of the first that failed, 1 where the lanes together did not run every test once.
    """
    with tempfile.TemporaryDirectory() as meeting:
        started = time.monotonic()
        others = []
        for lane in range(1, LANES):
            with Path(meeting, f"said-{lane}").open("wb") as said:
                command = _pytest(lane, meeting, paths, options)
                others.append(subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT))
        print(f"== tests (lane 1 of {LANES})", flush=True)  # noqa: T201
        codes = [subprocess.run(_pytest(0, meeting, paths, options), check=False).returncode]
        for lane, process in enumerate(others, start=1):
            codes.append(process.wait())
            print(f"== tests (lane {lane + 1} of {LANES})", flush=True)  # noqa: T201
            sys.stdout.buffer.write(Path(meeting, f"said-{lane}").read_bytes())
            sys.stdout.flush()
        problem = missed(Path(meeting))
    print(f"== tests: {problem or 'each was run once'}, in {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
    return next((code for code in codes if code), 1 if problem else 0)


def missed(meeting: Path) -> str:
    """Return what the lanes that met in ``meeting`` left out, ran twice or saw differently; empty where all is well."""
    told = []
    for lane in range(LANES):
        try:
            told.append(json.loads((meeting / f"lane-{lane}.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return f"lane {lane + 1} did not come to its end"
    ran = Counter(test for one in told for test in one["ran"])
    seen = {one["collected"] for one in told}
    twice = [test for test, times in ran.items() if times > 1]
    if len(seen) > 1:
        return f"the lanes saw different numbers of tests: {sorted(seen)}"
    if twice:
        return f"{len(twice)} tests were run twice: {twice[0]}"
    left = max(seen) - len(ran)
    return f"{left} tests were not run" if left else ""


def _pytest(lane: int, meeting: str, paths: Sequence[str], options: Sequence[str]) -> list[str]:
    # Each lane has a cache of its own: they would write the same file. How far a lane is nobody can tell.
    own = ["-o", f"cache_dir=.pytest_cache/{lane}", "-o", "console_output_style=classic"]
    place = ["-p", "tests.lanes", "--lane", str(lane), "--lanes-folder", meeting]
    return [sys.executable, "-m", "pytest", *own, *place, *options, *paths]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
