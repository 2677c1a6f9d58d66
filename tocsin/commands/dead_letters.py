"""`tocsin dead-letters`: records that could not be handled, one by one, and the way back for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from pipelines.dead_letters import PutAside, ReplayResult, read_letters, replay, whole_letter
from schemas.dead_letter import DeadLetter
from schemas.errors import UsageError
from schemas.plain_text import plain_line, plain_text, plural, shortened
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from tocsin.settings import Workplace

_SHOWN_CHARACTERS = 2_000


@click.group(name="dead-letters", epilog="Example: tocsin dead-letters list --folder desk")
def command() -> None:
    """List, show and replay records that could not be handled."""


@command.command(name="list", epilog="Example: tocsin dead-letters list")
@folder_option
@json_option
@click.option("--all", "show_all", is_flag=True, help="Those that were replayed, too.")
def list_letters(folder: Path, as_json: bool, show_all: bool) -> None:
    """List what is put aside, oldest first: id, when, stage, reason, place and error."""
    with open_log_of(open_workplace(folder)) as log:
        letters = read_letters(log)
    for one in letters.by_id.values():
        if show_all or not one.replayed:
            click.echo(_as_json(one.letter) if as_json else _line(one.letter))
    if letters.broken:
        click.echo(f"{plural(letters.broken, 'record')} among the dead letters cannot be read", err=True)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in letters.reasons().most_common())
    click.echo(f"{len(letters.open()):,} open{f': {reasons}' if reasons else ''}", err=True)


@command.command(epilog="Example: tocsin dead-letters show 3f2a9c --raw > record.json")
@click.argument("letter")
@folder_option
@json_option
@click.option("--raw", is_flag=True, help="The original bytes alone, as they were.")
def show(letter: str, folder: Path, as_json: bool, raw: bool) -> None:
    """Show one dead letter (its id or the beginning of it) with the beginning of its original."""
    with open_log_of(open_workplace(folder)) as log:
        whole = whole_letter(log, read_letters(log).named(letter))
    if raw:
        sys.stdout.buffer.write(whole.original)
    elif as_json:
        click.echo(whole.model_dump_json())
    else:
        _show(whole)


@command.command(name="replay", epilog="Example: tocsin dead-letters replay 3f2a9c        Example: … replay --all")
@click.argument("letters", nargs=-1)
@folder_option
@click.option("--all", "every", is_flag=True, help="All that are open.")
@click.option("--again", is_flag=True, help="Those that were replayed before, too.")
def replay_letters(letters: tuple[str, ...], folder: Path, every: bool, again: bool) -> None:
    """Append the original bytes of LETTERS to the topic they came from, once whatever broke them is corrected.

    Exit code 1 when one could not be sent back. One that breaks again is put aside again, under a new id.
    """
    if bool(letters) == every:
        raise UsageError("name dead letters, or --all of them", remedy="`tocsin dead-letters list` shows the ids")
    with open_log_of(open_workplace(folder)) as log, Progress("replaying") as progress:
        known = read_letters(log)
        chosen = list(known.by_id.values() if again else known.open()) if every else [known.named(n) for n in letters]
        results: list[tuple[PutAside, ReplayResult]] = []
        for number, one in enumerate(chosen, start=1):
            results += zip([one], replay(log, SystemClock(), [one], again=again), strict=True)
            progress.update(number, len(chosen))
    for one, result in results:
        if result is not ReplayResult.REPLAYED:
            hint = " (--again does it nevertheless)" if result is ReplayResult.BEFORE else ""
            click.echo(f"{one.letter.dead_letter_id}: {result.value}{hint}", err=True)
    sent = sum(result is ReplayResult.REPLAYED for _, result in results)
    click.echo(f"{sent:,} of {len(results):,} replayed", err=True)
    sys.exit(0 if sent == len(results) else 1)


@command.command(name="put-aside", epilog="Example: tocsin dead-letters put-aside --folder desk")
@click.option("--job", type=click.Choice(["extract", "decide"]), default="extract", help="Which job stops there.")
@folder_option
def put_aside(job: str, folder: Path) -> None:
    """Take the records at which extract or decide stops, because too many of them fail, out of its way: one batch, everything
    in it that fails is put aside. Stop the jobs of that name first."""
    workplace = open_workplace(folder)
    if job == "decide":
        _put_aside_by_decide(workplace)
    else:
        _put_aside_by_extract(workplace)


def _put_aside_by_decide(workplace: Workplace) -> None:
    from pipelines.decide import DecideJob, DecideSettings

    settings = DecideSettings(snapshots=workplace.path(workplace.settings.snapshots), most_failures=None)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            decider = DecideJob(log, store, SystemClock(), settings)
            decider.recover()
            before = len(read_letters(log).by_id)
            records = decider.step(settings.wait_s)
            decider.take_snapshot()
            after = len(read_letters(log).by_id)
        finally:
            store.close()
    click.echo(
        f"{plural(records, 'record')} read, {after - before:,} put aside; decide goes on from {decider.offset:,}"
    )


def _put_aside_by_extract(workplace: Workplace) -> None:
    from pipelines.extract import GROUP, ExtractJob, ExtractSettings
    from schemas.topics import ARTICLES

    settings = ExtractSettings(own_files=tuple(workplace.files(workplace.settings.actors)), most_failures=1.0)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        job = ExtractJob(log, store, SystemClock(), settings)
        try:
            before = len(read_letters(log).by_id)
            records = job.step(settings.wait_s)
            after = len(read_letters(log).by_id)
        finally:
            job.close()
            store.close()
        position = ", ".join(f"{ARTICLES}/{p} at {o}" for p, o in sorted(log.committed(GROUP, ARTICLES).items()))
    click.echo(
        f"{plural(records, 'record')} read, {after - before:,} put aside; extract goes on from {position or 'the start'}"
    )


def _line(letter: DeadLetter) -> str:
    state = "" if letter.status == "open" else "  (replayed)"
    place = f"{letter.topic}/{letter.partition}/{letter.offset}"
    error = plain_line(letter.error, 100)
    return (
        f"{letter.dead_letter_id}  {letter.recorded_at:%Y-%m-%d %H:%M}  {letter.stage:<8} {letter.reason.value:<17} "
        f"{place}  {error}{state}"
    )


def _as_json(letter: DeadLetter) -> str:
    """Return ``letter`` without its original, which `show` has."""
    return json.dumps(letter.model_dump(mode="json", exclude={"original"}), ensure_ascii=False)


def _show(letter: DeadLetter) -> None:
    click.echo(f"{letter.dead_letter_id}  {letter.status}, {letter.recorded_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"  stage    {letter.stage}")
    click.echo(f"  reason   {letter.reason.value}")
    click.echo(f"  error    {plain_line(letter.error)}")
    click.echo(f"  from     {letter.topic}, partition {letter.partition}, offset {letter.offset}")
    if letter.article_id:
        click.echo(f"  article  {plain_line(letter.article_id, 200)}")
    if letter.feed_id:
        click.echo(f"  feed     {plain_line(letter.feed_id, 200)}")
    kept = "" if len(letter.original) == letter.original_bytes else f", the first {len(letter.original):,} are kept"
    click.echo(f"  original {letter.original_bytes:,} bytes{kept}; --raw writes them")
    click.echo(shortened(plain_text(letter.original.decode("utf-8", "backslashreplace")), _SHOWN_CHARACTERS))
