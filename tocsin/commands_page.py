"""The page docs/commands.md, made from the commands: `python -m tocsin.commands_page > docs/commands.md`. A test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tocsin.cli import COMMANDS, cli

#: Where the page lies in the repository.
PAGE = Path("docs/commands.md")

#: Characters a line of help may have; fixed, so that the page does not depend on a terminal.
_WIDTH = 110

_HEAD = """\
# Commands

*Made from the program by `python -m tocsin.commands_page`; do not edit.*

In the repository a command is run as `./run tocsin …`, which makes the environment it needs the first time; where Tocsin is
installed, as `tocsin …`.

Exit codes: 0 all is well, 1 the thing that was checked is wrong or did not work, 2 wrong words or settings, 130 stopped by
Ctrl-C. What other programs may read goes to stdout (with `--json` one object a line), words and progress to stderr.

"""


def commands_page() -> str:
    """Return the whole page."""
    parts = [_HEAD, "| command | does |\n|---|---|\n"]
    parts += [f"| [`tocsin {name}`](#tocsin-{name}) | {line} |\n" for name, (_, line) in COMMANDS.items()]
    for path, command in (found for name in COMMANDS for found in commands_in(name)):
        depth = "##" if len(path) == 1 else "###"
        context = click.Context(command, info_name=f"tocsin {' '.join(path)}", terminal_width=_WIDTH)
        shown = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"\n{depth} tocsin {' '.join(path)}\n\n```text\n{shown}\n```\n")
    return "".join(parts)


def commands_in(name: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the command ``name`` and, where it is a group, what is in it; each with the words that lead to it."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, "the group lists only what it has"
    yield from _with_inner((name,), command)


def _with_inner(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _with_inner((*path, name), inner)


if __name__ == "__main__":
    sys.stdout.write(commands_page())
