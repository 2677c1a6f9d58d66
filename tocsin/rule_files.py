"""Reads the rule files of a folder into one rule set, names resolved against the actors extraction knows."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from alerts.rules.load import RulesError, load_rules

from alerts.rules.model import RuleSet
from schemas.errors import UsageError
from tocsin.settings import Workplace


def read_rules(workplace: Workplace) -> tuple[RuleSet, str]:
    """Return the rules of all files of the settings and their text, each file behind a line that names it.

    :raises UsageError: no file, a file that cannot be read, or mistakes (all of them, by file and line).
    """
    from pipelines.actor_directory import actor_directory

    files = workplace.files(workplace.settings.rules)
    if not files:
        patterns = ", ".join(workplace.settings.rules)
        raise UsageError(
            f"no rule file matches {patterns} in {workplace.folder}", remedy="write one, or correct `rules` there"
        )
    directory = actor_directory(workplace.files(workplace.settings.actors))
    rules = []
    texts = []
    mistakes = []
    for path in files:
        text = read_text(path)
        try:
            rules.extend(load_rules(text, str(path), directory).rules)
        except RulesError as error:
            mistakes.extend(error.mistakes)
        texts.append(f"# {path.name}\n{text}")
    if mistakes:
        raise RulesError(tuple(mistakes))
    names = [rule.name for rule in rules]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise UsageError(f"two files have a rule of the same name: {', '.join(double)}", remedy="rename one of them")
    return RuleSet.of(*rules), "\n".join(texts)


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
