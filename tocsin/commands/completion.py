"""`tocsin completion`: the lines that teach a shell the commands and options, as click makes them."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(name="completion", epilog="Example: tocsin completion bash >> ~/.bashrc")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion of commands and options for SHELL; append it to the shell's own start-up file."""
    from tocsin.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "tocsin", "_TOCSIN_COMPLETE").source())
