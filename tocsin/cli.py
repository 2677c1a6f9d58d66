"""The command line: a lazy group, so that a light command imports nothing of the heavy ones; errors with their remedy."""

from __future__ import annotations

import importlib
import os
import sys

import click

from schemas.errors import TocsinError

#: Every command, the module it lives in (attribute ``command``) and its line in ``tocsin --help``.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Run the whole line on invented feeds with the clock sped up, and show what rang."),
    "init": ("init", "Make a folder with settings, feeds, actors and rules, and send a test message."),
    "run": ("run", "Run all jobs, or the named ones, supervised."),
    "status": ("status", "Show the health of every job, lag and blind watches."),
    "brief": ("brief", "Tell on one screen what rang and what moved most without ringing."),
    "web": ("web", "Serve the web page: what rings, where every watch stands."),
    "extract": ("extract", "Turn articles (JSON Lines, .txt) into signals (JSON Lines)."),
    "detect": ("detect", "Run the spike detector over a CSV of timestamp,count."),
    "rules": ("rules", "Check, explain, match, activate and undo rules."),
    "actors": ("actors", "Own actors: add, try, compare, update, review."),
    "feeds": ("feeds", "List, check, add and parse feeds."),
    "alerts": ("alerts", "List and show alerts with their evidence."),
    "routes": ("routes", "Show where an alert would go, and why."),
    "trace": ("trace", "Follow one article through everything."),
    "search": ("search", "Find articles in the archive by words, with a bar a month."),
    "archive": ("archive", "Import old articles into the archive; show what it holds."),
    "replay": ("replay", "Show what would have rung on history."),
    "backtest": ("backtest", "Score rules on history against what really happened; a report for people."),
    "truth": ("truth", "Make a list of what really happened: by hand, or from an encyclopedia's current events."),
    "verify": ("verify", "Recompute the ledger from the log and compare it with what is stored."),
    "dead-letters": ("dead_letters", "List, show and replay records that could not be handled."),
    "backup": ("backup", "Copy a folder as one consistent set, while it runs."),
    "restore": ("restore", "Bring a backup back; nobody is told anything twice."),
    "db": ("db", "Check and migrate the store."),
    "completion": ("completion", "Print what teaches bash, zsh or fish the commands and options."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None for an unknown word."""
        if cmd_name not in COMMANDS:
            return None
        loaded = importlib.import_module(f"tocsin.commands.{COMMANDS[cmd_name][0]}").command
        if not isinstance(loaded, click.Command):
            raise TypeError(f"tocsin.commands.{COMMANDS[cmd_name][0]} has no click command")
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: tocsin demo")
@click.version_option(package_name=None, version="0.1.0", prog_name="tocsin")
def cli() -> None:
    """An always-on watch over the news."""


def main() -> None:
    """Run the command line; exit 0 ok, 1 the checked thing is wrong, 2 usage or configuration, 130 Ctrl-C."""
    try:
        cli(standalone_mode=False, prog_name="tocsin")
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except TocsinError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is wrong, and nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
