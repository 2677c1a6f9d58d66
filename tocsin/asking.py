"""The questions of `tocsin init`, each asked again until its answer can be used. Prompts go to stderr."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import click

from alerts.rules.directory import ActorDirectory
from alerts.rules.mistakes import RulesError
from alerts.rules.short_watch import short_watch
from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts import printable

if TYPE_CHECKING:
    from tocsin.new_workplace import NewFeed
    from tocsin.toml_text import TomlValue

_CHANNELS = ("none", "webhook", "ntfy", "slack", "email")


def ask_for_watch(names: ActorDirectory, topics: Collection[str]) -> str:
    """Return a watch in its short form."""
    _say("What do you want to watch? A pair (Azerbaijan & Russia), an actor (SOCAR), keyword:WORDS or topic:ID.")
    while True:
        text = _ask("watch")
        try:
            short_watch(text, names, topics=topics)
        except RulesError as error:
            for mistake in error.mistakes:
                _say(f"  {mistake.message}: {mistake.remedy}")
        else:
            return text


def ask_for_feeds(networks: Sequence[str]) -> list[NewFeed]:
    """Return feeds that can be read, or that are wanted all the same; an empty line ends the list."""
    from connectors.feeds.settings import shown_url
    from tocsin.feed_checks import check_urls
    from tocsin.new_workplace import NewFeed

    feeds: list[NewFeed] = []
    _say("Which feeds (RSS or Atom)? One URL a line; an empty line ends the list.")
    while url := _ask("feed", default=""):
        if any(feed.url == url for feed in feeds):
            _say("  it is in the list already")
            continue
        try:
            (found,) = check_urls([url], networks)
        except UsageError as error:
            _say(f"  {printable(error.message)}")
            continue
        if not found.fault:
            _say(f"  {printable(found.title) or 'a feed'}, {plural(found.entries, 'entry', 'entries')}")
        else:
            _say(f"  {printable(f'{shown_url(url)}: {found.fault}')}")
            if not click.confirm("  keep it all the same?", default=False, err=True):
                continue
        feeds.append(NewFeed(url, found.title))
    return feeds


def ask_for_receiver(networks: Sequence[str]) -> dict[str, TomlValue]:
    """Return the keys of a receiver besides the console, checked; empty where none is wanted."""
    from tocsin.first_message import checked_receiver

    _say("Alerts are written to the console of `tocsin run`. Who else is told? More can be added in tocsin.toml.")
    while True:
        kind: str = click.prompt("receiver", type=click.Choice(_CHANNELS), default="none", err=True)
        if kind == "none":
            return {}
        values = _receiver(kind)
        if networks:
            values["allow_addresses"] = tuple(networks)
        try:
            checked_receiver(values)
        except UsageError as error:
            _say(f"  {printable(error.message)}")
        else:
            return values


def _receiver(kind: str) -> dict[str, TomlValue]:
    values: dict[str, TomlValue] = {"type": kind, "name": kind}
    if kind == "webhook":
        values |= {"url": _ask("URL"), "secret_env": _variable("the secret that signs messages", "TOCSIN_HOOK_SECRET")}
    elif kind == "ntfy":
        values |= {"url": _ask("ntfy server", default="https://ntfy.sh"), "topic": _ask("topic")}
    elif kind == "slack":
        values["url_env"] = _variable("the URL of the incoming webhook", "SLACK_WEBHOOK_URL")
    else:
        values |= _mail()
    return values


def _mail() -> dict[str, TomlValue]:
    values: dict[str, TomlValue] = {
        "host": _ask("mail server"),
        "port": click.prompt("port", type=int, default=587, err=True),
    }
    encryption = click.Choice(["starttls", "tls", "none"])
    values["encryption"] = click.prompt("encryption", type=encryption, default="starttls", err=True)
    values |= {"sender": _ask("mail from"), "to": (_ask("mail to"),)}
    if user := _ask("user (empty for none)", default=""):
        values |= {"user": user, "password_env": _variable("the password", "TOCSIN_MAIL_PASSWORD")}
    return values


def _variable(what: str, default: str) -> str:
    return _ask(f"environment variable that holds {what}", default=default)


def _ask(text: str, default: str | None = None) -> str:
    answer: str = click.prompt(text, default=default, show_default=bool(default), err=True)
    return answer.strip()


def _say(line: str) -> None:
    click.echo(line, err=True)
