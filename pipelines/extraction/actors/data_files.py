"""Which files make the catalogue: the built-in ones, each replaced by a newer dated one where there is, then the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connectors.text_files import UnreadableFileError, read_text_file
from pipelines.extraction.actors.actor_yaml import MAX_FILE_BYTES, ActorMistake, Lines, read_actor_file
from pipelines.extraction.actors.entries import ActorFile

_BUILT_IN = Path(__file__).parent / "data"


@dataclass(frozen=True)
class ReadFile:
    """A file without mistakes of its own."""

    path: Path
    text: str
    entries: ActorFile


def built_in_names() -> list[str]:
    """Return the names of the built-in files, which a newer file may replace."""
    return [path.stem for path in _built_in_paths()]


def built_in_date(name: str) -> date | None:
    """Return the day as of which the built-in file ``name`` was checked."""
    path = _BUILT_IN / f"{name}.yaml"
    return read_actor_file(path.read_text(encoding="utf-8"), str(path))[0].as_of


def read_data_files(own_files: Sequence[Path]) -> tuple[list[ReadFile], list[ActorMistake]]:
    """Return the files in the order in which they add to each other, and what is wrong with any of them."""
    mistakes: list[ActorMistake] = []
    built_in = _read_all(_built_in_paths(), mistakes)
    own = _read_all(own_files, mistakes)
    places = {file.path.stem: place for place, file in enumerate(built_in)}
    taken: dict[str, Path] = {}
    added = []
    for file in own:
        name = file.entries.replaces
        if name is None:
            added.append(file)
            continue
        wrong = _wrong_replacement(file, name, places, taken)
        if wrong is not None:
            mistakes.append(wrong)
            continue
        taken[name] = file.path
        if is_newer(file.entries.as_of, built_in[places[name]].entries.as_of):
            built_in[places[name]] = file
    return [*built_in, *added], mistakes


def own_actors_in(files: Sequence[ReadFile], own_files: Sequence[Path]) -> set[str]:
    """Return the ids that the user's own files speak of; a newer built-in file is none of them."""
    added = [file for file in files if file.path in own_files and file.entries.replaces is None]
    return {entry.id for file in added for entry in file.entries.actors}


def is_newer(update: date | None, built_in: date | None) -> bool:
    """Whether a dated update counts: after an upgrade of the program what comes with that may be the newer one."""
    return built_in is None or (update is not None and update >= built_in)


def _built_in_paths() -> list[Path]:
    return sorted(_BUILT_IN.glob("*.yaml"))


def _read_all(paths: Sequence[Path], mistakes: list[ActorMistake]) -> list[ReadFile]:
    files = []
    for path in paths:
        try:
            text = read_text_file(path, most_bytes=MAX_FILE_BYTES)
        except UnreadableFileError as error:
            mistakes.append(ActorMistake(str(path), error.line, "", error.problem, error.remedy))
            continue
        entries, wrong = read_actor_file(text, str(path))
        mistakes += wrong
        files.append(ReadFile(path, text, entries))
    return files


def _wrong_replacement(
    file: ReadFile, name: str, places: dict[str, int], taken: dict[str, Path]
) -> ActorMistake | None:
    at = Lines(file.text).of(("replaces",))
    if name not in places:
        remedy = f"take one of: {', '.join(places)}"
        return ActorMistake(str(file.path), at, "replaces", f"there is no built-in file {name!r}", remedy)
    if file.entries.as_of is None:
        return ActorMistake(str(file.path), at, "as_of", "a file that replaces another needs its date", "add as_of")
    if name in taken:
        return ActorMistake(
            str(file.path), at, "replaces", f"{taken[name]} replaces {name} already", "remove one of the two"
        )
    return None
