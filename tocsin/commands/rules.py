"""`tocsin rules`: check, explain and try rule files; what puts rules into force is in :mod:`tocsin.commands.rules_in_force`."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.mistakes import RulesError, did_you_mean
from schemas.errors import BrokenRecordError, UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts import printable
from tocsin.commands.rules_add import add
from tocsin.commands.rules_compare import compare
from tocsin.commands.rules_diff import diff, scorecard
from tocsin.commands.rules_in_force import apply, history, rollback
from tocsin.commands.rules_test import test
from tocsin.commands.rules_tune import tune
from tocsin.progress import Progress
from tocsin.rule_files import RuleFile, names_of, paths_meant, read_files, read_text, rule_paths, workplace_or_none
from tocsin.settings import Workplace
from tocsin.workplace import folder_option, json_option, open_log_of, open_workplace

if TYPE_CHECKING:
    from alerts.rules.model import Rule
    from pipelines.actor_directory import ActorDirectory
    from pipelines.rule_matches import Match
    from schemas.signal import Signal
    from schemas.wire import SignalsRecord


@click.group(name="rules", epilog="Example: tocsin rules check rules/caucasus.yaml")
def command() -> None:
    """Check, explain, try, activate and undo rules."""


command.add_command(add)
command.add_command(apply)
command.add_command(history)
command.add_command(rollback)
command.add_command(test)
command.add_command(tune)
command.add_command(compare)
command.add_command(diff)
command.add_command(scorecard)


@command.command(epilog="Example: tocsin rules check rules/caucasus.yaml")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--history",
    is_flag=True,
    help="Also say which rules can never ring with the feeds and the news in the log, and which budgets cannot be kept.",
)
@folder_option
@json_option
def check(files: Sequence[Path], history: bool, folder: Path, as_json: bool) -> None:
    """Check FILES, or the rule files of the settings: all mistakes at once, each with its line and a remedy.

    Where there are no settings yet, the files are rules/*.yaml of the folder.

    Prints every rule with the keys it counts, names in their canonical form. Exit code 0 when all is well, 1 when there
    are mistakes, 2 when a file cannot be read.
    """
    workplace = workplace_or_none(folder)
    try:
        checked = read_files(paths_meant(files, workplace, folder), names_of(workplace))
    except RulesError as error:
        _say_mistakes(error, as_json=as_json)
        sys.exit(2 if error.unreadable else 1)
    _say_rules(checked, as_json=as_json)
    if history:
        if workplace is None:
            raise UsageError("--history needs a folder with settings", remedy="name it with --folder")
        sys.exit(1 if _say_doubts(workplace, checked, as_json=as_json) else 0)


def _say_doubts(workplace: Workplace, files: Sequence[RuleFile], *, as_json: bool) -> bool:
    """Say what is doubtful about the rules on the history in the log; return whether one can never ring."""
    from pipelines.explaining.never import doubts, history_of
    from pipelines.signal_history import read_range
    from schemas.topics import SIGNALS
    from schemas.wire import decode_signals

    rules = [rule for file in files for rule in file.rules.rules]
    with open_log_of(workplace) as log, Progress("reading the log") as progress:
        first, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)

        def records() -> Iterator[SignalsRecord]:
            for record in read_range(log, first, end):
                progress.update(record.offset - first + 1, end - first)
                try:
                    yield decode_signals(record.value)
                except BrokenRecordError:
                    continue

        past = history_of(records(), rules)
        found = doubts(rules, past)
    for doubt in found:
        if as_json:
            click.echo(json.dumps({"kind": "doubt", "rule": doubt.rule, "never": doubt.never, "text": doubt.text}))
        else:
            click.echo(f"{'NEVER ' if doubt.never else 'note  '}  {doubt.rule}: {printable(doubt.text)}")
    if not past.articles:
        click.echo("the log holds no articles yet: what your rules find in them cannot be said", err=True)
    elif not found:
        click.echo("every rule can ring, and found something in the history", err=True)
    return any(doubt.never for doubt in found)


def _say_mistakes(error: RulesError, *, as_json: bool) -> None:
    if as_json:
        for mistake in error.mistakes:
            fields = {"file": mistake.file, "line": mistake.line, "path": mistake.path}
            click.echo(json.dumps({"kind": "mistake", **fields, "message": mistake.message, "remedy": mistake.remedy}))
        return
    click.echo(printable_lines(str(error)))
    count = len(error.mistakes)
    click.echo(f"{count} {'mistake' if count == 1 else 'mistakes'}", err=True)


def _say_rules(files: Sequence[RuleFile], *, as_json: bool) -> None:
    from alerts.rules.words import keys_of

    for file in files:
        for rule in file.rules.rules:
            detectors = [detector.kind for detector in rule.when]
            if as_json:
                about = {"keys": keys_of(rule), "when": detectors, "severity": rule.severity, "mode": rule.mode}
                click.echo(json.dumps({"kind": "rule", "file": str(file.path), "name": rule.name, **about}))
            else:
                mode = "" if rule.mode.value == "live" else f"  ({rule.mode.value})"
                click.echo(f"{rule.name}  {keys_of(rule)}  {', '.join(detectors)}  {rule.severity.value}{mode}")
    rules = sum(len(file.rules.rules) for file in files)
    click.echo(f"{plural(rules, 'rule')} in {plural(len(files), 'file')}, no mistakes", err=True)


@command.command(epilog="Example: tocsin rules explain azerbaijan-russia-hostile")
@click.argument("wanted", nargs=-1, metavar="[NAME]... [FILE]...")
@folder_option
def explain(wanted: Sequence[str], folder: Path) -> None:
    """Say in plain words what a rule counts and when it rings.

    The rules called NAME, or all of them; those in FILE (*.yaml), or without a file those of the settings, or of rules/*.yaml
    where there are no settings yet.
    """
    from alerts.rules.words import describe

    files = [Path(word) for word in wanted if word.endswith((".yaml", ".yml"))]
    called = [word for word in wanted if not word.endswith((".yaml", ".yml"))]
    workplace = workplace_or_none(folder)
    names = names_of(workplace)
    paths = paths_meant(files, workplace, folder)
    rules = {rule.name: rule for file in read_files(paths, names) for rule in file.rules.rules}
    for name in called:
        if name not in rules:
            raise UsageError(f"there is no rule {name!r} in the rule files", remedy=did_you_mean(name, rules))
    click.echo("\n\n".join(_wrapped(describe(rules[name], names.display_name)) for name in called or rules))


def _wrapped(text: str) -> str:
    """Return ``text`` with its lines of words folded to a hundred columns."""
    lines = text.split("\n")
    return "\n".join(
        textwrap.fill(line, 100, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        for line in lines
    )


@command.command(epilog="Example: tocsin rules schema > rules.schema.json")
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors."""
    from alerts.rules.json_schema import rules_schema

    click.echo(json.dumps(rules_schema(), indent=2, ensure_ascii=False))


@command.command(epilog='Example: tocsin rules match "Azerbaijan & Russia" --limit 20')
@click.argument("watch")
@click.option(
    "--from", "source", type=click.Path(path_type=Path), help="Signals (JSON Lines) instead of the log; - is stdin."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Headlines to show.")
@folder_option
@json_option
def match(watch: str, source: Path | None, limit: int, folder: Path, as_json: bool) -> None:
    """Show the headlines WATCH finds, newest first, with the words that matched. Needs no history and no baseline.

    WATCH is the name of a rule, a pair (Azerbaijan & Russia, AZE>RUS, AZE-*), an actor, keyword:WORDS, topic:ID, or a
    watch as in a rule file: {keywords: {any: [TRIPP, Zangezur]}}.
    """
    from pipelines.rule_matches import rule_matches

    workplace = open_workplace(folder) if source is None else workplace_or_none(folder)
    rule = _rule_meant(watch, workplace)
    with _signals(source, workplace) as signals:
        read = count()
        found = rule_matches(rule, (signal for signal, _ in zip(signals, read, strict=False)))
    for item in found[:limit]:
        click.echo(item.model_dump_json() if as_json else _headline(item))
    if not found:
        looked_at = next(read)
        click.echo(
            f"no article matches, of {looked_at:,} that were read" if looked_at else "there is no article to match yet",
            err=True,
        )
    elif len(found) > limit:
        click.echo(f"{len(found)} articles match, the newest {limit} are shown (--limit)", err=True)
    else:
        click.echo(f"{len(found)} {'article matches' if len(found) == 1 else 'articles match'}", err=True)


def _rules_of(workplace: Workplace, names: ActorDirectory) -> dict[str, Rule]:
    return {rule.name: rule for file in read_files(rule_paths(workplace), names) for rule in file.rules.rules}


def _rule_meant(watch: str, workplace: Workplace | None) -> Rule:
    """Return the rule called ``watch``, or one made of it for this question only."""
    from alerts.rules.model import Rule, Threshold
    from alerts.rules.short_watch import short_watch
    from pipelines.extraction.topics import topic_ids

    names = names_of(workplace)
    rules: dict[str, Rule] = {}
    if workplace is not None and workplace.files(workplace.settings.rules) and re.fullmatch(r"[a-z0-9_.-]+", watch):
        rules = _rules_of(workplace, names)
    if watch in rules:
        return rules[watch]
    try:
        part = short_watch(watch, names, topics=topic_ids())
    except RulesError as error:
        close = did_you_mean(watch, rules) if rules else ""
        if close.startswith("did"):
            raise UsageError(f"there is no rule {watch!r}, and it is no watch either", remedy=close) from error
        raise
    return Rule(name="prompt", watch=part, when=(Threshold(count=1, within_h=24),))


@contextmanager
def _signals(source: Path | None, workplace: Workplace | None) -> Iterator[Iterable[Signal]]:
    from pipelines.rule_matches import signals_in_log

    with Progress("reading signals") as progress:
        if source is not None:
            yield _signals_in_file(source, progress.update)
        elif workplace is not None:
            with open_log_of(workplace) as log:
                yield signals_in_log(log, progress.update)


def _signals_in_file(source: Path, progress: Callable[[int, int | None], None]) -> Iterator[Signal]:
    from schemas.signal import Signal
    from schemas.wire import decode_signals

    text = sys.stdin.read() if str(source) == "-" else read_text(source)
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        progress(number, len(lines))
        if not line.strip():
            continue
        try:
            record = decode_signals(line.encode())
        except BrokenRecordError as error:
            remedy = "each line is one signal, as `tocsin extract` writes it"
            raise UsageError(f"{source}:{number}: no signal: {error}", remedy=remedy) from error
        if isinstance(record, Signal):
            yield record


def _headline(match: Match) -> str:
    words = ", ".join(match.matched)
    line = (
        f"{match.event_time:%Y-%m-%d %H:%M}  {printable(match.source)}: {printable(match.title)}  [{printable(words)}]"
    )
    return line if not match.excerpt or match.excerpt == match.title else f"{line}\n    {printable(match.excerpt)}"


def printable_lines(text: str) -> str:
    """Return ``text`` with its line breaks and without other characters that could move the cursor."""
    return "\n".join(printable(line) for line in text.split("\n"))
