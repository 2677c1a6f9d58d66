"""`tocsin rules apply`, `history` and `rollback`: rules into force through the log, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts import printable
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.rule_history import Activation
    from tocsin.settings import Workplace

_SHOWN_HASH = 12


@click.command(epilog='Example: tocsin rules apply --comment "quieter at night"')
@click.option("--comment", default="", help="Why, for the history.")
@click.option("--no-tests", is_flag=True, help="Do not run the timeline tests beside the rule files first.")
@folder_option
@json_option
def apply(comment: str, no_tests: bool, folder: Path, as_json: bool) -> None:
    """Check the rule files of the settings, run the tests beside them, and put them into force.

    Nothing is changed when a test fails (exit code 1) or there is a mistake (2): the rules in force stay. New rules are first
    warmed on the history; where that is long, the rules in force go on deciding meanwhile.
    """
    from alerts.rules.model import rules_hash
    from connectors.clock import SystemClock
    from pipelines.activate_rules import activate_rules, warms_for_long
    from pipelines.rule_history import rule_history
    from tocsin.rule_files import author, read_rules

    workplace = open_workplace(folder)
    rules, text = read_rules(workplace)
    compiled = rules.compiled()
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            past = rule_history(log, store)
        finally:
            store.close()
        before = past[-1].rule_set.compiled if past else ""
        changes = changed_rules(before, compiled)
        new = not past or past[-1].rule_set.rules_hash != rules_hash(compiled)
        if new and not no_tests and not _tests_pass(workplace, as_json=as_json):
            click.echo("a test fails: nothing was changed, the rules in force stay", err=True)
            sys.exit(1)
        deferred = bool(past) and warms_for_long(log)
        if new:
            activate_rules(log, SystemClock(), rules, text, author=author(), comment=comment, deferred=deferred)
    if as_json:
        told = {"applied": new, "deferred": new and deferred, "rules_hash": rules_hash(compiled)}
        click.echo(json.dumps({**told, **changes}))
        return
    if not new:
        click.echo(_nothing_changed(past[-1]))
        return
    for kind, names in changes.items():
        for name in names:
            click.echo(f"{kind:<8} {name}")
    click.echo(_applied(len(rules.rules), f" ({rules_hash(compiled)[:_SHOWN_HASH]})", deferred=deferred))


def _applied(count: int, what: str, *, deferred: bool) -> str:
    if deferred:
        return f"{plural(count, 'rule')} being warmed on the history; until then the rules of before decide{what}"
    return f"{plural(count, 'rule')} put into force{what}"


def _nothing_changed(newest: Activation) -> str:
    shown = newest.rule_set.rules_hash[:_SHOWN_HASH]
    if not newest.rule_set.in_force:
        return f"these rules are being warmed already ({shown}), nothing was changed"
    return f"these rules are in force already ({shown}), nothing was changed"


def _tests_pass(workplace: Workplace, *, as_json: bool) -> bool:
    """Run the timeline tests beside the rule files; what fails is told."""
    from tocsin.commands.rules_test import run_and_tell
    from tocsin.rule_files import rule_paths
    from tocsin.rule_tests import files_beside, read_timelines

    paths = files_beside(rule_paths(workplace))
    return not paths or run_and_tell(read_timelines(paths, workplace), workplace, as_json=as_json, failures_only=True)


def changed_rules(before: str, after: str) -> Mapping[str, Sequence[str]]:
    """Return the names of rules that were added, changed and removed between two compiled sets ("" = no rules)."""
    old, new = _by_name(before), _by_name(after)
    return {
        "added": sorted(new.keys() - old.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
        "removed": sorted(old.keys() - new.keys()),
    }


def _by_name(compiled: str) -> Mapping[str, object]:
    # Read as JSON, not as rules: a set of another version may have a shape this one does not know.
    return {rule["name"]: rule for rule in json.loads(compiled)["rules"]} if compiled else {}


@click.command(epilog="Example: tocsin rules history")
@folder_option
@json_option
def history(folder: Path, as_json: bool) -> None:
    """List every rule set that was put into force, newest first. Its number is what rollback takes."""
    past = _past(open_workplace(folder))
    for activation in reversed(past):
        rule_set = activation.rule_set
        if as_json:
            fields = rule_set.model_dump(mode="json")
            state = {"number": activation.number, "taken": activation.taken, "newest": activation is past[-1]}
            state["warming"] = activation.warming
            click.echo(json.dumps({**state, **fields}))
            continue
        count = len(_by_name(rule_set.compiled))
        state_words = "  newest" if activation is past[-1] else ""
        state_words += _state_words(activation)
        comment = f"  “{printable(rule_set.comment)}”" if rule_set.comment else ""
        click.echo(
            f"{activation.number:>4}  {rule_set.activated_at:%Y-%m-%d %H:%M}  {rule_set.rules_hash[:_SHOWN_HASH]}"
            f"  {plural(count, 'rule')}  {printable(rule_set.author)}{comment}{state_words}"
        )
    if not past:
        click.echo("no rules were put into force yet: `tocsin rules apply`", err=True)


def _state_words(activation: Activation) -> str:
    if not activation.taken:
        return "  waits for `decide`"
    if activation.rule_set.in_force:
        return ""
    return "  being warmed" if activation.warming else "  replaced before it was warm"


@click.command(epilog="Example: tocsin rules rollback 3")
@click.argument("which", required=False, metavar="[N|HASH]")
@folder_option
def rollback(which: str | None, folder: Path) -> None:
    """Put an older rule set into force again: number N of the history, or HASH; by default the one before the newest.

    The rule files stay as they are.
    """
    from alerts.rules.model import RuleSet
    from connectors.clock import SystemClock
    from pipelines.activate_rules import activate_rules, warms_for_long
    from tocsin.rule_files import author

    workplace = open_workplace(folder)
    past = _past(workplace)
    chosen = chosen_activation(past, which)
    newest = past[-1].rule_set
    if chosen.rule_set.rules_hash == newest.rules_hash:
        click.echo(_nothing_changed(past[-1]))
        return
    rules = RuleSet.from_compiled(chosen.rule_set.compiled)
    comment = f"back to {chosen.number} ({chosen.rule_set.rules_hash[:_SHOWN_HASH]})"
    with open_log_of(workplace) as log:
        deferred = warms_for_long(log)
        activate_rules(
            log,
            SystemClock(),
            rules,
            chosen.rule_set.text,
            author=author(),
            comment=comment,
            deferred=deferred,
        )
    for kind, names in changed_rules(newest.compiled, chosen.rule_set.compiled).items():
        for name in names:
            click.echo(f"{kind:<8} {name}")
    click.echo(_applied(len(rules.rules), f": {comment}", deferred=deferred))
    click.echo("the rule files still hold other rules; `tocsin rules apply` would put those into force", err=True)


def chosen_activation(past: Sequence[Activation], which: str | None) -> Activation:
    """Return the activation meant by ``which``; :raises UsageError: none, or several."""
    remedy = "`tocsin rules history` lists numbers and hashes"
    if not past:
        raise UsageError("no rules were put into force yet", remedy="put some into force: `tocsin rules apply`")
    if which is None:
        older = [a for a in past if a.rule_set.rules_hash != past[-1].rule_set.rules_hash]
        if not older:
            raise UsageError("there is no older rule set to go back to", remedy=remedy)
        return older[-1]
    if which.isdecimal() and 1 <= int(which) <= len(past):
        return past[int(which) - 1]
    begins = [a for a in past if len(which) >= 4 and a.rule_set.rules_hash.startswith(which)]
    if not begins:
        raise UsageError(f"there is no rule set {which!r}", remedy=remedy)
    if len({a.rule_set.rules_hash for a in begins}) > 1:
        raise UsageError(f"several rule sets begin with {which!r}", remedy="give more digits")
    return begins[-1]


def _past(workplace: Workplace) -> Sequence[Activation]:
    from pipelines.rule_history import rule_history

    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            return rule_history(log, store)
        finally:
            store.close()
