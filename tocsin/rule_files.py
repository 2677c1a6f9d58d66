"""Reads the rule files of a folder into one rule set, names resolved against the actors extraction knows."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.rules.directory import ActorDirectory
from alerts.rules.load import Mistake, RulesError, lines_of_names, load_rules
from alerts.rules.mistakes import clipped
from alerts.rules.model import RuleSet
from alerts.rules.yaml_tree import MAX_FILE_BYTES
from connectors.text_files import TooLargeFileError, UnreadableFileError, read_text_file
from schemas.errors import UsageError
from tocsin.settings import FILE_NAME, Workplace, load_workplace

if TYPE_CHECKING:
    from pipelines.actor_directory import ActorDirectory as Names


#: What the name of a file of timeline tests ends with.
TESTS_SUFFIX = ".test.yaml"


@dataclass(frozen=True)
class RuleFile:
    """A file without mistakes: its rules and its text; ``included`` are names and texts of what it includes."""

    path: Path
    text: str
    rules: RuleSet
    included: tuple[tuple[str, str], ...] = ()


def read_rules(workplace: Workplace) -> tuple[RuleSet, str]:
    """Return the rules of all files of the settings and their text, each file behind a line that names it.

    :raises UsageError: no file, a file that cannot be read, or mistakes (all of them, by file and line).
    """
    files = read_files(rule_paths(workplace), names_of(workplace))
    rules = [rule for file in files for rule in file.rules.rules]
    texts = [part for file in files for part in (*file.included, (file.path.name, file.text))]
    return RuleSet.of(*rules), "\n".join(f"# {name}\n{text}" for name, text in dict.fromkeys(texts))


def rule_paths(workplace: Workplace) -> Sequence[Path]:
    """Return the rule files of the settings; :raises UsageError: there is none."""
    files = workplace.files(workplace.settings.rules)
    if not files:
        patterns = ", ".join(workplace.settings.rules)
        raise UsageError(
            f"no rule file matches {patterns} in {workplace.folder}", remedy="write one, or correct `rules` there"
        )
    return files


def paths_meant(files: Sequence[Path], workplace: Workplace | None, folder: Path) -> Sequence[Path]:
    """Return ``files``; without any those of the settings, and where there are no settings those settings would look for.

    :raises UsageError: there is none.
    """
    if files:
        return files
    found = workplace is None and [p for p in sorted(folder.glob("rules/*.yaml")) if not p.name.endswith(TESTS_SUFFIX)]
    return found or rule_paths(workplace or load_workplace(folder))


def names_of(workplace: Workplace | None) -> Names:
    """Return the actors rules may name: the built-in ones and those of the settings."""
    from pipelines.actor_directory import actor_directory

    return actor_directory(workplace.files(workplace.settings.actors) if workplace is not None else ())


def workplace_or_none(folder: Path) -> Workplace | None:
    """Return the settings of ``folder``, None where it has none; :raises UsageError: mistakes in them."""
    return load_workplace(folder) if (folder / FILE_NAME).exists() else None


def read_files(paths: Sequence[Path], names: ActorDirectory) -> Sequence[RuleFile]:
    """Return the rules of each of ``paths``.

    :raises RulesError: with the mistakes of all files, names that two of them share and files that cannot be read among them.
    """
    return files_of(dict.fromkeys(paths), names)


def files_of(texts: Mapping[Path, str | None], names: ActorDirectory) -> Sequence[RuleFile]:
    """Return the same as :func:`read_files`; where a text is given, for the file as if that stood in it."""
    from pipelines.extraction.language import understands
    from pipelines.extraction.topics import topic_ids

    files: list[RuleFile] = []
    mistakes: list[Mistake] = []
    names_of_wrong: dict[Path, Mapping[str, int]] = {}
    unreadable = False
    for path, given in texts.items():
        if path.name.endswith(TESTS_SUFFIX):
            mistakes.append(
                Mistake(str(path), 1, "", "a file of tests holds no rules", "try it with `tocsin rules test`")
            )
            continue
        try:
            text = read_rule_text(path) if given is None else given
        except RulesError as error:
            mistakes.extend(error.mistakes)
            continue
        except UnreadableFileError as error:
            unreadable = True
            mistakes.append(Mistake(str(path), error.line, "", error.problem, error.remedy))
            continue
        try:
            beside = _Beside(path.parent)
            rules = load_rules(
                text, str(path), names, topics=topic_ids(), understands=understands, included=beside.read
            )
            files.append(RuleFile(path, text, rules, tuple(beside.texts.items())))
        except RulesError as error:
            mistakes.extend(error.mistakes)
            names_of_wrong[path] = lines_of_names(text)
    shared = list(_names_of_two(texts, {file.path: file for file in files}, names_of_wrong))
    if mistakes or shared:
        raise RulesError([*mistakes, *shared], unreadable=unreadable)
    return files


def _names_of_two(
    paths: Iterable[Path], right: Mapping[Path, RuleFile], wrong: Mapping[Path, Mapping[str, int]]
) -> Iterator[Mistake]:
    """Yield the mistakes of names that an earlier file has too, whatever else is wrong with either."""
    homes: dict[str, Path] = {}
    for path in paths:
        found = [rule.name for rule in right[path].rules.rules] if path in right else [*wrong.get(path, ())]
        for name in found:
            home = homes.setdefault(name, path)
            if home != path:
                line = (wrong.get(path) or lines_of_names(right[path].text)).get(name, 1)
                message = f"a rule of the name {clipped(name)!r} is already in {home}"
                yield Mistake(str(path), line, "name", message, "give each rule a name of its own")


class _Beside:
    """Reads files that are included, by names that lead nowhere but into the folder of the rule file; keeps their texts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.texts: dict[str, str] = {}

    def read(self, name: str) -> str:
        """Return the text; :raises UsageError: it cannot be read, or lies elsewhere."""
        path = self._folder / name
        try:
            home = path.resolve()
        except (
            OSError,
            RuntimeError,
        ) as error:  # Python 3.11 and 3.12 raise the latter for links that lead in a circle.
            raise UsageError("its links lead in a circle", remedy="name a file that is there") from error
        if not home.is_relative_to(self._folder.resolve()):
            raise UsageError("it lies outside the folder of the rule file")
        self.texts[name] = text = read_rule_text(path)
        return text


def read_rule_text(path: Path) -> str:
    """Return the text of a rule file; never more of it than a rule file may have is read.

    :raises RulesError: it is larger.
    :raises UnreadableFileError: it cannot be read.
    """
    try:
        return read_text_file(path, most_bytes=MAX_FILE_BYTES)
    except TooLargeFileError as error:
        raise RulesError([Mistake(str(path), 1, "", error.problem, error.remedy)]) from error


def read_text(path: Path) -> str:
    """Return the text of ``path``; :raises UsageError: it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def author() -> str:
    """Return who is at the keyboard, for the history of rules."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
