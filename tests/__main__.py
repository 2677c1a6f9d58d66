"""`./run test`: linters, types, layers, then pytest in two halves side by side. The exit code is of the first that failed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
    ("types", ["-m", "mypy"]),
    ("layers", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)

#: Tests that mostly wait for processes and servers, and tests that mostly compute: two cores serve both at once.
WAITING = ("acceptance", "chaos", "contract", "services")


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
    code = run_halves()
    return failed or code


def run_halves() -> int:
    """Run both halves; the second is printed when it has ended. Return the exit code of the first that failed."""
    waiting, computing = halves(Path(__file__).parent)
    with tempfile.TemporaryFile() as said:
        second = subprocess.Popen(_pytest(computing), stdout=said, stderr=subprocess.STDOUT)
        print("== tests (1 of 2)", flush=True)  # noqa: T201
        first_code = subprocess.run(_pytest(waiting), check=False).returncode
        second_code = second.wait()
        print("== tests (2 of 2)", flush=True)  # noqa: T201
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return first_code or second_code


def halves(tests: Path) -> tuple[list[str], list[str]]:
    """Return the folders with tests below ``tests``, each in one half."""
    folders = sorted({path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")})
    return (
        [f"tests/{name}" for name in folders if name in WAITING],
        [f"tests/{name}" for name in folders if name not in WAITING],
    )


def _pytest(folders: list[str]) -> list[str]:
    # Each half has a cache of its own: they would write the same file.
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{len(folders)}", *folders]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
