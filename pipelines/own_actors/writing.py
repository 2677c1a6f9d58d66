"""Adds an entry to an actor file without touching what stands there, comments included; nothing is written that is wrong."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.text_files import read_text_file
from pipelines.extraction.actors.actor_yaml import MAX_FILE_BYTES, line_behind_actors
from pipelines.extraction.actors.catalogue import ActorFileError, load_catalogue
from schemas.errors import UsageError

#: What an entry is made of: text, or lists and mappings of it.
Value = str | Sequence["Value"] | Mapping[str, "Value"]

_PLAIN = re.compile(r"[^\W_][\w.()/'’+ -]*(?<![ ])")

_HEADER = """\
# Actors of your own. They belong to extraction, not to the rules: after a change here articles are read by the changed extractor.
actors:
"""


def entry_line(entry: Mapping[str, Value]) -> str:
    """Return ``entry`` as one line of YAML: {id: CWH, name: Caspian Wind}."""
    return _written(entry)


def _written(value: Value) -> str:
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(_written(one) for one in value) + "]"


def with_entry(text: str, entry: Mapping[str, Value], file: str) -> str:
    """Return ``text`` of an actor file with ``entry`` behind its last actor.

    :raises UsageError: the list of actors is written in a way that nothing can be added to by line.
    """
    line = entry_line(entry)
    place = line_behind_actors(text) if text.strip() else None
    if place is not None:
        number, indentation = place
        lines = text.splitlines()
        return "\n".join([*lines[:number], f"{indentation}- {line}", *lines[number:]]) + "\n"
    if re.search(r"^actors\s*:", text, re.MULTILINE) is None:
        begun = text if not text or text.endswith("\n") else text + "\n"
        return f"{begun or ''}{'actors:' if begun else _HEADER.rstrip()}\n  - {line}\n"
    emptied = re.sub(r"^actors[ ]*:[ ]*\[[ ]*\]", lambda _: f"actors:\n  - {line}", text, count=1, flags=re.MULTILINE)
    if emptied == text:
        raise UsageError(
            f"{file}: its actors are one long line in brackets, to which nothing can be added",
            remedy="write each actor on a line of its own behind a dash, or name another file with --file",
        )
    return emptied


def add_entry(path: Path, entry: Mapping[str, Value], own_files: Sequence[Path]) -> str:
    """Add ``entry`` to ``path``, which is made where it is missing; return the line that was added.

    :raises UsageError: a mistake, in the entry or in any file; then nothing was written.
    """
    text = read_text_file(path, most_bytes=MAX_FILE_BYTES) if path.exists() else ""
    write_checked(path, with_entry(text, entry, str(path)), own_files)
    return entry_line(entry)


def write_checked(path: Path, text: str, own_files: Sequence[Path]) -> None:
    """Write ``text`` to ``path`` if all actor files are right with it.

    :raises ActorFileError: they are not; ``path`` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        others = [file for file in own_files if file != path]
        place = sum(file < path for file in others)
        try:
            load_catalogue([*others[:place], new, *others[place:]])
        except ActorFileError as error:
            # The person knows the file by its own name.
            shown = [_renamed(str(mistake), new, path) for mistake in error.mistakes]
            raise UsageError("\n".join(shown), remedy="nothing was written; say it in another way") from error
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}", remedy="make its folder writable") from error
    finally:
        new.unlink(missing_ok=True)


def _renamed(message: str, new: Path, path: Path) -> str:
    return message.replace(str(new), str(path))
