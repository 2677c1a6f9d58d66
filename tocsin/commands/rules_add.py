"""`tocsin rules add`: a rule of a few words, written into a rule file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.reasons import Severity, Tone
from tocsin.workplace import folder_option

if TYPE_CHECKING:
    from alerts.rules.model import Rule
    from tocsin.settings import Workplace


@click.command(
    epilog='Example: tocsin rules add "Azerbaijan & Russia" --tone conflict\n\n'
    'Example: tocsin rules add keyword:TRIPP --when "{threshold: {count: 3, within: 24h}}" --file rules/caucasus.yaml'
)
@click.argument("watch")
@click.option("--name", help="What the rule is called; made of WATCH and tone by default.")
@click.option(
    "--tone", "tones", multiple=True, type=click.Choice([tone.value for tone in Tone]), help="Only in this tone."
)
@click.option(
    "--topic", "topics", multiple=True, metavar="ID", help="Only about this topic; may be given several times."
)
@click.option("--when", default="spike", show_default=True, help="When to ring, as in a rule file.")
@click.option("--severity", type=click.Choice([severity.value for severity in Severity]), help="How loudly.")
@click.option("--mode", type=click.Choice(["live", "shadow"]), help="shadow only records what it would have rung.")
@click.option(
    "--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="The rule file; one of its own by default."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@folder_option
def add(
    watch: str,
    name: str | None,
    tones: tuple[str, ...],
    topics: tuple[str, ...],
    when: str,
    severity: str | None,
    mode: str | None,
    path: Path | None,
    dry_run: bool,
    folder: Path,
) -> None:
    """Write a rule that watches WATCH into a rule file, behind the rules that are there; comments and layout stay.

    WATCH is a pair (Azerbaijan & Russia, AZE>RUS, AZE-*), an actor, keyword:WORDS, topic:ID, or {…} as in a rule file.

    All rule files must be right with it, else nothing is written (exit code 2). Without settings the file is
    rules/NAME.yaml, or that of --file. It counts once `tocsin rules apply` puts it
    into force; `tocsin rules match` shows at once what it finds.
    """
    from alerts.rules.short_watch import short_watch
    from pipelines.extraction.topics import topic_ids
    from tocsin.new_workplace import rule_name, watch_in_file
    from tocsin.rule_files import files_of, names_of, read_rule_text, workplace_or_none
    from tocsin.rule_writing import new_file, rule_item, with_rule

    workplace = workplace_or_none(folder)
    names = names_of(workplace)
    kind = short_watch(watch, names, topics=topic_ids()).kind
    name = name or rule_name(" ".join((watch, *topics, *tones)))
    written = watch_in_file(watch, kind)
    _must_not_say_it(written, {"--topic": "topics" if topics else "", "--tone": "tone" if tones else ""})
    item = rule_item(
        name,
        written,
        {"topics": topics, "tone": tones},
        {"when": when, "severity": severity or "", "mode": mode or ""},
    )
    target = path if path is not None else _file_of_its_own(workplace, folder, name)
    _must_be_found(workplace, target)
    files = dict.fromkeys(workplace.files(workplace.settings.rules) if workplace is not None else ())
    same = next((one for one in files if one.resolve() == target.resolve()), target)
    _must_be_free(name, [*files, *([] if same in files or not target.exists() else [target])])
    if target.exists():
        files_of({same: None}, names)  # It must be right before: only then is it known where its rules end.
        text = with_rule(read_rule_text(target), item, str(target))
    else:
        text = new_file(item)
    read = files_of({**files, same: text}, names)
    rule = next(rule for file in read for rule in file.rules.rules if rule.name == name)
    if not dry_run:
        _write(target, text)
    _tell(rule, item, target, dry_run=dry_run)
    if workplace is None:
        click.echo("there are no settings here: tocsin init DIR makes a folder that can run it", err=True)


def _must_not_say_it(written: str, options: dict[str, str]) -> None:
    """:raises UsageError: the watch as it is ``written`` has a key that one of ``options`` would add."""
    from alerts.rules.load import parts_of_watch

    for option, key in options.items():
        if key and key in parts_of_watch(written):
            message = f"WATCH says {key} itself, so {option} has no place beside it"
            raise UsageError(message, remedy=f"write all of it in WATCH: {{…, {key}: {{any: […]}}}}")


def _tell(rule: Rule, item: Sequence[str], target: Path, *, dry_run: bool) -> None:
    from alerts.rules.words import keys_of

    for line in item:
        click.echo(line)
    click.echo(f"counts {keys_of(rule)}; {'goes' if dry_run else 'written'} into {target}", err=True)
    if not dry_run:
        click.echo(
            f"tocsin rules match {rule.name} shows what it finds; tocsin rules apply puts it into force", err=True
        )


def _file_of_its_own(workplace: Workplace | None, folder: Path, name: str) -> Path:
    """Return the file for the rule called ``name``: beside the rule files there are, or where the settings look for some."""
    if workplace is None:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}", remedy="name one that is there with --folder")
        return folder / "rules" / f"{name}.yaml"  # Where settings look, if nothing else is said.
    there = workplace.files(workplace.settings.rules)
    if there:
        return there[0].parent / f"{name}.yaml"
    pattern = workplace.settings.rules[0] if workplace.settings.rules else "rules/*.yaml"
    home = PurePath(pattern).parent
    if any(sign in str(home) for sign in "*?["):
        raise UsageError(f"there is no rule file yet, and {pattern} does not say where", remedy="name one with --file")
    return workplace.folder / home / f"{name}.yaml"


def _must_be_found(workplace: Workplace | None, target: Path) -> None:
    """:raises UsageError: the settings would not read ``target``."""
    if workplace is not None:
        whole = target.resolve()
        patterns = workplace.settings.rules
        found = any(whole.match(str(workplace.folder.resolve() / pattern)) for pattern in patterns)
        if not found and target not in workplace.files(patterns):
            message = f"{target} is not among the rule files of the settings ({', '.join(patterns)})"
            raise UsageError(message, remedy="name one that is, or add it to `rules` there")
    if target.name.endswith(".test.yaml"):
        raise UsageError(f"{target} is a file of tests", remedy="name a rule file")


def _must_be_free(name: str, files: Sequence[Path]) -> None:
    """:raises UsageError: a rule of one of ``files`` has that name, whatever else is wrong with it."""
    from alerts.rules.load import lines_of_names
    from tocsin.rule_files import read_rule_text

    for path in files:
        line = lines_of_names(read_rule_text(path)).get(name)
        if line is not None:
            message = f"a rule of the name {name!r} is already in {path}, line {line}"
            raise UsageError(message, remedy="name the new one with --name, or change that one")


def _write(path: Path, text: str) -> None:
    """Write all of ``text`` or nothing: a rule file that was cut off would be one with mistakes."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        if path.exists():
            fresh.chmod(path.stat().st_mode & 0o777)
        os.replace(fresh, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
