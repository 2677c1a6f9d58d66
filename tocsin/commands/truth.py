"""`tocsin truth`: lists of what really happened, for `tocsin backtest`: labelled by hand, or taken from a list of events."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts import printable
from tocsin.commands.truth_verdicts import verdicts
from tocsin.rule_files import read_text
from tocsin.truth_files import write_events

if TYPE_CHECKING:
    from pipelines.backtest.labelling import Answer, Question
    from schemas.article import Article

#: Headlines shown of one question.
_HEADLINES = 8

#: Keys that are no answer: to take the one before back (as backspace does), and to stop (as Ctrl-C and Ctrl-D do).
_TAKEN_BACK, _STOP = "u", "q"

#: Rows extracted at a time.
_BATCH = 1_000


@click.group(name="truth", epilog="Example: tocsin truth label --report report/report.json --out events.csv")
def command() -> None:
    """Make a list of what really happened, to judge rules by: event,watch,start,end."""


@command.command(epilog="Example: tocsin truth label --report report/report.json --out events.csv")
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The report.json of a backtest.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV that is made of the answers."
)
@click.option("--openings", type=click.IntRange(0, 10_000), default=30, show_default=True, help="Alarms to ask about.")
@click.option(
    "--near-misses", type=click.IntRange(0, 10_000), default=30, show_default=True, help="Windows that nearly rang."
)
@click.option("--seed", default=1, show_default=True, help="Another number draws other ones.")
def label(report_path: Path, out: Path, openings: int, near_misses: int, seed: int) -> None:
    """Walk alarms and near misses, one key each: did something happen that you would want to be told of?

    y yes, n no, ? cannot tell, u take the answer before back, q stop here. Answers are kept beside --out as they are given, so
    that a later call goes on where this one stopped; whether a window rang is told at the end only. The CSV is written
    whenever it ends.
    """
    from pipelines.backtest.labelling import questions_in

    questions = questions_in(read_text(report_path), str(report_path), openings, near_misses, seed)
    kept = out.with_name(f"{out.name}.answers.jsonl")
    answers = _answers(kept)
    if not questions:
        click.echo("nothing rang and nothing nearly did: there is nothing to ask", err=True)
    _ask_all(questions, answers, kept)
    _say(questions, answers, out)


@command.command(
    name="import",
    epilog="Example: tocsin truth import current_events.jsonl.xz --rules rules.yaml --out events.csv",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV to write.")
@click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True),
    help="Keep what these rules watch; every pair of actors where left out.",
)
@click.option("--map", "mapping", default="published=date,text=text", show_default=True, help="FIELD=COLUMN by commas.")
@click.option(
    "--without",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Leave out rows that have this value, as category=Sports; may be given again.",
)
@click.option(
    "--quiet-days",
    type=click.IntRange(0, 3_650),
    default=7,
    show_default=True,
    help="Days without an entry after which the next one begins another event.",
)
@click.option(
    "--actors",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A file of own actors; may be given again.",
)
def import_(
    files: tuple[Path, ...],
    out: Path,
    rules_path: Path | None,
    mapping: str,
    without: tuple[str, ...],
    quiet_days: int,
    actors: tuple[Path, ...],
) -> None:
    """Make events of FILES, a dated list of happenings: JSON Lines, CSV and others as for tocsin archive import.

    Such as the current events of an encyclopedia, one happening a row with a date and a sentence. Who meets whom is found by
    the extraction the watch itself uses; entries of a pair on days close to each other are one event, which starts on the
    first of them.
    """
    from pipelines.actor_directory import actor_directory
    from pipelines.backtest.concern import watches
    from pipelines.backtest.listed_events import events_of
    from pipelines.extraction.bounded import BoundedExtraction
    from tocsin.history import rules_in

    rules = rules_in(rules_path, actors)[0].rules if rules_path is not None else None
    names = actor_directory(actors)
    extraction = BoundedExtraction(actors)
    articles, left_out = _listed(files, mapping, [_unwanted(text) for text in without])
    parts = [articles[start : start + _BATCH] for start in range(0, len(articles), _BATCH)]
    signals = [signal for part in parts for signal in extraction.extract(part).signals]
    events = events_of(
        signals, quiet_days, lambda pair: rules is None or any(watches(rule, pair, names) for rule in rules)
    )
    write_events(out, events)
    click.echo(
        f"{plural(len(articles), 'entry', 'entries')}, {left_out:,} left out: {plural(len(events), 'event')} in {out}"
    )


def _unwanted(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise UsageError(f"--without: {text!r} is not COLUMN=VALUE", remedy="for example category=Sports")
    return column.strip(), value.strip()


def _listed(files: Sequence[Path], mapping: str, unwanted: Sequence[tuple[str, str]]) -> tuple[list[Article], int]:
    from zoneinfo import ZoneInfo

    from connectors.archive.field_map import FieldMap, at_path
    from connectors.archive.import_rows import read_rows
    from connectors.archive.imported_items import ImportedItem, article_of
    from pipelines.import_history import ImportReport, items_in

    report = ImportReport()
    rows = (
        row
        for path in files
        for row in read_rows(path)
        if row.values is None or not any(str(at_path(row.values, column)) == value for column, value in unwanted)
    )
    items = items_in(rows, FieldMap.parse(mapping), ZoneInfo("UTC"), "list", report)
    articles = {item.article_id: article_of(item, None) for item in items if isinstance(item, ImportedItem)}
    for reason, count in report.left_out.most_common():
        click.echo(f"left out, {reason}: {count:,}, first at {report.first_left_out[reason]}", err=True)
    return list(articles.values()), sum(report.left_out.values())


def _answers(path: Path) -> dict[str, Answer]:
    """Return the answers given so far and not taken back, the newest last; :raises UsageError: a line that holds none."""
    from pipelines.backtest.labelling import Answer

    if not path.exists():
        return {}
    found: dict[str, Answer] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            entry = json.loads(line)
            name, given = str(entry["id"]), entry["answer"]
            found.pop(name, None)
            if given != _TAKEN_BACK:
                found[name] = Answer(given)
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}:{number}: no answer: {error}", remedy="take the line away, or the whole file"
            ) from error
    return found


def _ask_all(questions: Sequence[Question], answers: dict[str, Answer], kept: Path) -> None:
    """Ask what has no answer yet, one after the other, until all have one or somebody stops; ``answers`` is added to."""
    from pipelines.backtest.labelling import Answer

    by_id = {question.id: question for question in questions}
    while left := [question for question in questions if question.id not in answers]:
        given = _asked(left[0], len(questions) - len(left) + 1, len(questions))
        if given == _STOP:
            return
        if given != _TAKEN_BACK:
            answers[left[0].id] = Answer(given)
            _keep(kept, left[0], given)
            continue
        before = next((by_id[name] for name in reversed(answers) if name in by_id), None)
        if before is None:
            click.echo("there is no answer to take back")
            continue
        del answers[before.id]
        _keep(kept, before, given)


def _asked(question: Question, number: int, count: int) -> str:
    """Return the key that was pressed: an answer, or that to take one back or to stop."""
    from pipelines.backtest.labelling import Answer

    normal = "" if question.expected is None else f", {question.expected:.2g} would be normal"
    stories = plural(question.stories, "story", "stories")
    click.echo(f"\n{number}/{count}  {question.key}  {question.start:%Y-%m-%d %H:%M} UTC: {stories}{normal}")
    for headline in question.headlines[:_HEADLINES]:
        click.echo(f"  - {printable(headline)}")
    if len(question.headlines) > _HEADLINES:
        click.echo(f"    and {len(question.headlines) - _HEADLINES} more")
    click.echo("Did something happen? y n ? u q ", nl=False)
    while True:
        try:
            key = click.getchar().lower()
        except (KeyboardInterrupt, EOFError):
            key = _STOP
        key = {"\x03": _STOP, "\x04": _STOP, "": _STOP, "\x08": _TAKEN_BACK, "\x7f": _TAKEN_BACK}.get(key, key)
        if key in (*Answer, _TAKEN_BACK, _STOP):
            click.echo(key)
            return key


def _keep(path: Path, question: Question, answer: str) -> None:
    entry = {
        "id": question.id,
        "answer": answer,
        "kind": question.kind.value,
        "rule": question.rule,
        "key": question.key,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(entry)}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}", remedy="choose another --out, or make room") from error


def _say(questions: Sequence[Question], answers: dict[str, Answer], out: Path) -> None:
    from pipelines.backtest.labelling import Kind, share_of_yes, truth_of
    from tocsin.report.words import share_in_words

    events = truth_of(questions, answers)
    write_events(out, events)
    given = sum(question.id in answers for question in questions)
    click.echo(f"\n{given} of {len(questions)} answered; {plural(len(events), 'event')} in {out}")
    click.echo(f"alarms on something that happened: {share_in_words(share_of_yes(questions, answers, Kind.OPENING))}")
    click.echo(f"near misses that should have rung: {share_in_words(share_of_yes(questions, answers, Kind.NEAR_MISS))}")
    if given < len(questions):
        click.echo("Call it again to go on.")
    else:
        click.echo(f"Next: tocsin backtest … --truth {out}")


command.add_command(verdicts)
