"""`tocsin alerts ack`, `silence`, `unsilence`, `silences`: what people answer, kept with who, when and why."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.mistakes import did_you_mean
from connectors.channels.pacing_settings import read_clock
from connectors.clock import SystemClock
from pipelines.notifying.answering import acknowledgement_of, next_time, silence_for, silence_words
from schemas.alert_event import AlertEvent
from schemas.durations import parse_duration
from schemas.errors import UsageError
from schemas.ports.store import Store
from tocsin.commands.alerts_show import stored_alert
from tocsin.event_lines import printable
from tocsin.moments import moment
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace

if TYPE_CHECKING:
    from alerts.rules.model import Rule

#: What an id, or the beginning of one, is made of.
_ID = re.compile("[0-9a-f]{1,24}")

_by = click.option("--by", "author", default=None, help="Who answers (default: the user of this session).")
_comment = click.option("--comment", default="", help="Why; shown wherever the answer is.")


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    store = open_store_of(open_workplace(folder))
    try:
        yield store
    finally:
        store.close()


@click.command(name="ack", epilog="Example: tocsin alerts ack 3f2a9c --comment 'on it'")
@click.argument("alert")
@_by
@_comment
@folder_option
def ack(alert: str, author: str | None, comment: str, folder: Path) -> None:
    """Acknowledge an alert (its id or the beginning of it): it is neither repeated nor escalated, and its corrections are not
    told; its growth and its end are."""
    with _store(folder) as store:
        found = stored_alert(store, alert)
        kept = acknowledgement_of(found.opened, author=author or _user(), now=SystemClock().now(), comment=comment)
        first = store.acknowledge(kept)
        stands = store.acknowledgements([kept.alert_id])[kept.alert_id]
    if first:
        click.echo(f"acknowledged: {found.opened.rule} {printable(found.opened.key)}")
    else:
        click.echo(f"acknowledged before: by {printable(stands.author)} at {stands.at:%Y-%m-%d %H:%M} UTC")


@click.command(name="silence", epilog="Example: tocsin alerts silence 3f2a9c --until-doubles --comment 'known'")
@click.argument("what")
@click.option("--key", default="", help="With a rule: only this key of it.")
@click.option("--for", "stretch", help="How long, for example 2h.")
@click.option("--until", "until", help="Until when: 08:00 (the next one, UTC), or a whole date with a zone.")
@click.option("--until-doubles", is_flag=True, help="Until the alert counts twice as many stories as now.")
@click.option("--this-story", is_flag=True, help="Only the stories behind the alert; others under its key ring.")
@_by
@_comment
@folder_option
def silence(
    what: str,
    key: str,
    stretch: str | None,
    until: str | None,
    until_doubles: bool,
    this_story: bool,
    author: str | None,
    comment: str,
    folder: Path,
) -> None:
    """Tell nobody of WHAT, an alert (its id or the beginning of it) or a rule, until the silence ends. The end of what was told
    before is told all the same."""
    now = SystemClock().now()
    given = sum((stretch is not None, until is not None, until_doubles, this_story))
    if given == 0 or (given > 1 and not (this_story and given == 2)):
        raise UsageError(
            "a silence needs one end", remedy="give one of --for 2h, --until 08:00, --until-doubles, --this-story"
        )
    with _store(folder) as store:
        rules = _rules_in_force(store)
        rule = what if what in rules else ""
        if not rule and _ID.fullmatch(what.lower()) is None:
            raise UsageError(
                f"no rule in force is called {what!r}, and no alert has that id", remedy=did_you_mean(what, rules)
            )
        found = None if rule else stored_alert(store, what)
        if key and found is not None:
            raise UsageError("an alert is of one key already", remedy="leave --key out, or name the rule")
        if key:
            key = _key_of(rules[rule], key, folder)
        if rule and (until_doubles or this_story):
            raise UsageError(
                "a rule has no count that could double and no story of its own", remedy="name an alert, or give --for"
            )
        articles = {item.article_id for item in found.articles} if found is not None and this_story else set()
        try:
            made = silence_for(
                None if found is None else _newest(found.events),
                author=author or _user(),
                now=now,
                comment=comment,
                rule=rule,
                key=key,
                ends_at=_end(stretch, until, now),
                until_doubles=until_doubles,
                articles=articles,
            )
        except ValueError as error:
            raise UsageError(str(error), remedy="`tocsin alerts silence --help` shows the ways") from None
        store.add_silence(made)
    click.echo(f"silenced: {printable(silence_words(made, now))}")
    click.echo(f"undo: tocsin alerts unsilence {made.silence_id}", err=True)


@click.command(name="unsilence", epilog="Example: tocsin alerts unsilence s3f2a9c1b")
@click.argument("silence_id")
@_by
@folder_option
def unsilence(silence_id: str, author: str | None, folder: Path) -> None:
    """End a silence now; it stays on record."""
    with _store(folder) as store:
        if not store.lift_silence(silence_id, at=SystemClock().now(), by=author or _user()):
            raise UsageError(
                f"{silence_id}: no such silence, or it is lifted already", remedy="`tocsin alerts silences` shows them"
            )
    click.echo(f"lifted: {silence_id}")


@click.command(name="silences", epilog="Example: tocsin alerts silences --all")
@click.option("--all", "show_all", is_flag=True, help="Also those that are over or lifted.")
@folder_option
@json_option
def silences(show_all: bool, folder: Path, as_json: bool) -> None:
    """List the silences in force."""
    now = SystemClock().now()
    with _store(folder) as store:
        found = store.silences(in_force_at=None if show_all else now)
    for one in found:
        click.echo(one.model_dump_json() if as_json else printable(silence_words(one, now)))
    if not found:
        click.echo("no silence is in force", err=True)


def _rules_in_force(store: Store) -> dict[str, Rule]:
    from alerts.rules.model import RuleSet

    sets = [rule_set for rule_set in store.rule_sets() if rule_set.in_force]
    rules = RuleSet.from_compiled(sets[-1].compiled).rules if sets else ()
    return {rule.name: rule for rule in rules}


def _key_of(rule: Rule, key: str, folder: Path) -> str:
    """Return the key of ``rule`` that is meant by ``key``; a silence of one that never comes would silence nobody."""
    from pipelines.explaining.asked_key import must_be_key
    from pipelines.explaining.asked_watch import key_named
    from tocsin.rule_files import names_of

    names = names_of(open_workplace(folder))
    found = key_named(rule, key, names)
    must_be_key([rule], found, names)
    return found


def _newest(events: tuple[AlertEvent, ...]) -> AlertEvent:
    counted = [event for event in events if event.counts.stories]
    return counted[-1] if counted else events[-1]


def _end(stretch: str | None, until: str | None, now: datetime) -> datetime | None:
    if stretch is not None:
        try:
            return now + parse_duration(stretch)
        except (ValueError, OverflowError) as error:
            raise UsageError(f"--for: {error}", remedy="write it like 2h") from None
    if until is None:
        return None
    try:
        clock = read_clock(until)
    except ValueError:
        return moment(until)
    return next_time(clock, now)  # type: ignore[arg-type]  # read_clock returns a time or raises


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


ANSWERS: tuple[click.Command, ...] = (ack, silence, unsilence, silences)
