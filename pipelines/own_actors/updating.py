"""Installs a newer dated data file in the place of a built-in one, without a release; and takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connectors.text_files import read_text_file
from pipelines.extraction.actors.actor_yaml import MAX_FILE_BYTES, read_actor_file
from pipelines.extraction.actors.catalogue import ActorFileError, load_catalogue
from pipelines.extraction.actors.data_files import built_in_date, built_in_names, is_newer
from pipelines.own_actors.writing import write_checked
from schemas.errors import UsageError

_ENDING = ".update.yaml"
_BEFORE = ".before"


@dataclass(frozen=True)
class Installed:
    """An update in its place: what it replaces, of which day, and of which day what it replaces is."""

    name: str
    path: Path
    as_of: date
    before: date | None


def update(file: Path, folder: Path, own_files: Sequence[Path]) -> Installed:
    """Install ``file`` in ``folder`` (that of the user's actor files), keeping an update that was there.

    :raises UsageError: it is wrong, replaces nothing, bears no date, or is not newer than what is in use.
    """
    text = read_text_file(file, most_bytes=MAX_FILE_BYTES)
    entries, mistakes = read_actor_file(text, str(file))
    if mistakes:
        raise ActorFileError(mistakes)
    name, as_of = entries.replaces, entries.as_of
    names = built_in_names()
    if name not in names or as_of is None:
        missing = "as_of" if name in names else "replaces"
        remedy = f"an update begins with replaces: one of {', '.join(names)}; and as_of: its date"
        raise UsageError(f"{file} is no update: it has no {missing} that can be used", remedy=remedy)
    path = folder / f"{name}{_ENDING}"
    in_use = _date_in_use(name, path)
    if not is_newer(as_of, in_use) or as_of == in_use:
        raise UsageError(
            f"{file} is of {as_of}, and what is in use is of {in_use}",
            remedy="take a newer file; to go back to an older one use --undo",
        )
    old = path.read_text(encoding="utf-8-sig") if path.exists() else None
    write_checked(path, text, own_files)
    kept = path.with_name(path.name + _BEFORE)
    if old is None:
        kept.unlink(missing_ok=True)
    else:
        kept.write_text(old, encoding="utf-8")
    return Installed(name, path, as_of, in_use)


def undo(name: str, folder: Path, own_files: Sequence[Path]) -> date | None:
    """Take the last update of ``name`` back; return the date of what is in use now.

    :raises UsageError: there is none, or the other files need it.
    """
    path = folder / f"{name}{_ENDING}"
    if not path.exists():
        there = ", ".join(sorted(one.name.removesuffix(_ENDING) for one in folder.glob(f"*{_ENDING}"))) or "none"
        raise UsageError(f"no update of {name!r} is installed", remedy=f"installed: {there}")
    kept = path.with_name(path.name + _BEFORE)
    if kept.exists():
        write_checked(path, kept.read_text(encoding="utf-8"), own_files)
        kept.unlink()
        return _date_in_use(name, path)
    load_catalogue([other for other in own_files if other != path])
    path.unlink()
    return built_in_date(name)


def _date_in_use(name: str, installed: Path) -> date | None:
    built_in = built_in_date(name)
    if not installed.exists():
        return built_in
    entries, _ = read_actor_file(installed.read_text(encoding="utf-8-sig"), str(installed))
    return entries.as_of if is_newer(entries.as_of, built_in) else built_in
