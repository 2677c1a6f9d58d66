"""Finds the timeline tests beside rule files, reads them with the rules they mean, and runs them one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.rules.load import lines_of_names
from alerts.rules.mistakes import Mistake, RulesError
from alerts.rules.model import Rule
from alerts.rules.timeline_grammar import load_timelines
from alerts.rules.timeline_model import Expectation, Timeline
from connectors.text_files import UnreadableFileError
from schemas.errors import UsageError
from tocsin.rule_files import TESTS_SUFFIX, names_of, read_files, read_rule_text, rule_paths
from tocsin.settings import Workplace

if TYPE_CHECKING:
    from pipelines.actor_directory import ActorDirectory
    from pipelines.rule_tests.run import TimelineResult
    from schemas.article import Article
    from schemas.signal import Signal


@dataclass(frozen=True)
class TimelineFile:
    """A file of tests without mistakes, and the rules they are about."""

    path: Path
    timelines: tuple[Timeline, ...]
    rules: tuple[Rule, ...]


def files_beside(rule_files: Sequence[Path]) -> list[Path]:
    """Return the files of tests in the folders of ``rule_files``, sorted."""
    return sorted({path for file in rule_files for path in file.parent.glob(f"*{TESTS_SUFFIX}")})


def read_timelines(paths: Sequence[Path], workplace: Workplace | None) -> list[TimelineFile]:
    """Return the tests of ``paths``. They are about the rules of the settings; without settings, of the files beside them.

    :raises RulesError: with the mistakes of all files, of tests and of the rules they are about.
    :raises UsageError: a file that is no file of tests.
    """
    from pipelines.extraction.topics import topic_ids

    names = names_of(workplace)
    known: dict[Path, _Known] = {}
    files: list[TimelineFile] = []
    mistakes: list[Mistake] = []
    unreadable = False
    for path in paths:
        if not path.name.endswith(TESTS_SUFFIX):
            raise UsageError(f"{path} is no file of tests", remedy=f"their names end with {TESTS_SUFFIX}")
        home = path.parent if workplace is None else workplace.folder
        if home not in known:
            known[home] = _rules(home, workplace, names)
            mistakes.extend(known[home].mistakes)
        try:
            text = read_rule_text(path)
            timelines = load_timelines(text, str(path), names, rules=known[home].names, topics=topic_ids())
        except RulesError as error:
            mistakes.extend(error.mistakes)
        except UnreadableFileError as error:
            unreadable = True
            mistakes.append(Mistake(str(path), error.line, "", error.problem, error.remedy))
        else:
            mistakes.extend(_keys_that_never_come(path, timelines, known[home].rules, names))
            files.append(TimelineFile(path, timelines, known[home].rules))
    if mistakes:
        raise RulesError(mistakes, unreadable=unreadable)
    return files


def _keys_that_never_come(
    path: Path, timelines: Sequence[Timeline], rules: Sequence[Rule], names: ActorDirectory
) -> Iterator[Mistake]:
    """Yield the expectations on a key that their rule cannot have: quiet would hold there whatever rings."""
    from pipelines.explaining.asked_key import must_be_key

    for timeline in timelines:
        for step in timeline.steps:
            if not isinstance(step, Expectation) or step.key is None:
                continue
            asked = step.rule or timeline.rule
            try:
                must_be_key([rule for rule in rules if asked in (None, rule.name)], step.key, names)
            except UsageError as error:
                message = error.message if asked is not None else f"no rule has a key {step.key!r}"
                yield Mistake(str(path), step.line, "", message, error.remedy if asked is not None else "")


@dataclass(frozen=True)
class _Known:
    """The rules of a folder, or what is wrong with them and what they are called all the same."""

    names: Collection[str]
    rules: tuple[Rule, ...] = ()
    mistakes: Sequence[Mistake] = ()


def _rules(home: Path, workplace: Workplace | None, names: ActorDirectory) -> _Known:
    paths = (
        rule_paths(workplace)
        if workplace is not None
        else sorted(path for path in home.glob("*.yaml") if not path.name.endswith(TESTS_SUFFIX))
    )
    if not paths:
        raise RulesError([Mistake(str(home), 1, "", "there are no rule files here", "put the tests beside the rules")])
    try:
        rules = tuple(rule for file in read_files(paths, names) for rule in file.rules.rules)
    except RulesError as error:
        called = {name for path in paths for name in _names_written(path)}
        return _Known(called, mistakes=error.mistakes)
    return _Known({rule.name for rule in rules}, rules)


def _names_written(path: Path) -> Collection[str]:
    try:
        return lines_of_names(read_rule_text(path))
    except (RulesError, UnreadableFileError):
        return ()  # It is among the mistakes already.


def run_timelines(files: Sequence[TimelineFile], workplace: Workplace | None) -> Iterator[tuple[Path, TimelineResult]]:
    """Yield the result of each test, in the order of the files; extraction is loaded when a test gives a text."""
    from pipelines.rule_tests.run import run_timeline

    names = names_of(workplace)

    def extract(article: Article) -> Signal:
        from pipelines.extraction.extractor import extractor_for

        own = workplace.files(workplace.settings.actors) if workplace is not None else ()
        return extractor_for(own).extract(article)

    for file in files:
        for timeline in file.timelines:
            yield file.path, run_timeline(timeline, file.rules, names, extract)
