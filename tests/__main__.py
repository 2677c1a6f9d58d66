"""`./run test`: linters, types, layers, then pytest; every step runs, the exit code is that of the first that failed."""

from __future__ import annotations

import subprocess
import sys
import time

STEPS: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
    ("types", ["-m", "mypy"]),
    ("layers", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)


def main(arguments: list[str]) -> int:
    """Run the steps (only pytest when ``arguments`` are given); return the exit code."""
    failed = 0
    if not arguments:
        for name, command in STEPS:
            started = time.monotonic()
            print(f"== {name}", flush=True)  # noqa: T201
            code = subprocess.run([sys.executable, *command], check=False).returncode
            ended = "ok" if code == 0 else f"FAILED ({code})"
            print(f"== {name}: {ended} in {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
            failed = failed or code
    code = subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode
    return failed or code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
