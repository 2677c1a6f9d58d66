"""`tocsin init`: asks, or takes options, and makes a folder that `tocsin run` can work in. All of it is written, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import TocsinError, UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts import printable

if TYPE_CHECKING:
    from tocsin.new_workplace import Answers, NewFeed
    from tocsin.toml_text import TomlValue

_WATCH_EXAMPLES = '"Azerbaijan & Russia", "AZE>*", "keyword:Zangezur corridor", "topic:peace_talks", "SOCAR"'
_CHANNELS = ("webhook", "email", "ntfy", "slack")

#: What each channel calls the secret it is given by --secret-env or --secret-file.
_SECRET_KEYS = {"webhook": "secret", "email": "password", "ntfy": "token", "slack": "url"}
_NO_FEED = """no feed was given, and none is read by itself: which sources to trust is yours to say
  → --feed URL (as often as you like); or --no-feeds, and then `tocsin feeds starter` for a list to begin with, or this in the
    settings:

    [[feeds]]
    id = "example"
    url = "https://example.org/news.rss\""""


@click.command(
    name="init",
    epilog='Example: tocsin init desk --feed https://example.org/news.rss --watch "Azerbaijan & Russia"\n\n'
    'Example: tocsin init desk --no-feeds --watch "keyword:Zangezur corridor" --webhook https://example.org/hook '
    "--secret-env HOOK_SECRET",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--feed", "feeds", multiple=True, metavar="URL", help="A feed to read; may be given several times.")
@click.option("--no-feeds", is_flag=True, help="Begin without feeds; the settings hold an example to complete.")
@click.option("--no-check", is_flag=True, help="Do not look at the feeds first.")
@click.option("--watch", help=f"What to watch: {_WATCH_EXAMPLES}, or {{…}} as in a rule file.")
@click.option("--webhook", metavar="URL", help="Tell this address by a signed POST; its secret by --secret-…")
@click.option("--ntfy", metavar="TOPIC", help="Push to this topic of an ntfy server; a token by --secret-…")
@click.option("--ntfy-server", metavar="URL", default="https://ntfy.sh", show_default=True, help="The ntfy server.")
@click.option("--slack", is_flag=True, help="Tell a Slack channel; the URL of its incoming webhook by --secret-…")
@click.option("--email", metavar="ADDRESS", help="Tell this address by mail; needs --smtp and --from.")
@click.option("--smtp", metavar="HOST[:PORT]", help="The mail server.")
@click.option(
    "--smtp-encryption",
    type=click.Choice(["starttls", "tls", "none"]),
    default="starttls",
    show_default=True,
    help="How the connection is secured.",
)
@click.option("--smtp-user", metavar="USER", help="User at the mail server; the password by --secret-…")
@click.option("--from", "sender", metavar="ADDRESS", help="Who the mail is from.")
@click.option("--secret-env", metavar="NAME", help="Environment variable that holds the receiver's secret.")
@click.option(
    "--secret-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that holds the receiver's secret.",
)
@click.option(
    "--allow-address",
    "networks",
    multiple=True,
    metavar="NETWORK",
    help="Private network feeds and receiver may be in.",
)
@click.option("--no-test", is_flag=True, help="Send no test message.")
def command(
    folder: Path,
    feeds: tuple[str, ...],
    no_feeds: bool,
    no_check: bool,
    watch: str | None,
    networks: tuple[str, ...],
    no_test: bool,
    **channel: str | Path | bool | None,
) -> None:
    """Make the folder DIR: settings, feeds, one watch, who is told, and an empty file for actors of your own.

    Asks for what is missing when watch or feeds are not given and stdin is a terminal. Looks at each feed and sends a
    test message before it writes anything; writes over nothing. Exit code 1 when a feed or the receiver does not
    answer, 2 for wrong words.
    """
    from pipelines.actor_directory import actor_directory
    from pipelines.extraction.topics import topic_ids
    from tocsin.asking import ask_for_feeds, ask_for_receiver, ask_for_watch
    from tocsin.new_workplace import Answers, NewFeed, files_for

    if feeds and no_feeds:
        raise UsageError("--feed and --no-feeds exclude each other", remedy="keep one of them")
    receiver = _receiver(channel, networks)
    complete = watch is not None and (bool(feeds) or no_feeds)
    asking = sys.stdin.isatty() and not complete
    if not asking and watch is None:
        raise UsageError("nothing to watch was given", remedy=f"--watch WATCH, for example {_WATCH_EXAMPLES}")
    names, topics = actor_directory(), topic_ids()
    # What can be known to be wrong already is said before anything is asked or fetched.
    _refuse_to_overwrite(folder, files_for(Answers(watch or "topic:elections"), names, topics))
    watch = watch or ask_for_watch(names, topics)
    found = ask_for_feeds(networks) if asking and not feeds and not no_feeds else None
    if asking and not receiver:
        receiver = ask_for_receiver(networks)
    if not feeds and not no_feeds and not found:
        raise UsageError(_NO_FEED)
    answers = Answers(watch, found or [NewFeed(url) for url in feeds], receiver, networks)
    files = files_for(answers, names, topics)
    if not no_check and found is None and feeds:
        answers = Answers(watch, _checked(feeds, networks), receiver, networks)
        files = files_for(answers, names, topics)
    if not no_test:
        _test(answers, keep_going=_keep_going if asking else None)
    _write(folder, files)
    _say_what_next(folder, answers)


def _receiver(channel: Mapping[str, str | Path | bool | None], networks: Sequence[str]) -> dict[str, TomlValue]:
    """Return the keys of the receiver that the options describe; empty for none but the console."""
    chosen = [name for name in _CHANNELS if channel.get(name)]
    if len(chosen) > 1:
        raise UsageError(
            f"{' and '.join(f'--{name}' for name in chosen)} at once", remedy="begin with one; add more in tocsin.toml"
        )
    secret = {key: channel[f"secret_{key}"] for key in ("env", "file") if channel.get(f"secret_{key}")}
    if len(secret) > 1:
        raise UsageError("--secret-env and --secret-file exclude each other", remedy="keep one of them")
    if not chosen:
        if secret:
            raise UsageError("a secret, but no receiver it belongs to", remedy="--webhook, --ntfy, --slack or --email")
        return {}
    kind = chosen[0]
    values: dict[str, TomlValue] = {"type": kind, "name": kind}
    if kind == "webhook":
        values["url"] = str(channel["webhook"])
    elif kind == "ntfy":
        values |= {"url": str(channel["ntfy_server"]), "topic": str(channel["ntfy"])}
    elif kind == "email":
        values |= _mail(channel)
    if kind in ("webhook", "slack") and not secret:
        raise UsageError(
            f"--{kind} needs a secret", remedy="name where it lies: --secret-env NAME or --secret-file FILE"
        )
    for how, place in secret.items():
        values[f"{_SECRET_KEYS[kind]}_{how}"] = str(place.absolute() if isinstance(place, Path) else place)
    if networks:
        values["allow_addresses"] = tuple(networks)
    return values


def _mail(channel: Mapping[str, str | Path | bool | None]) -> dict[str, TomlValue]:
    missing = [f"--{name}" for name, key in (("smtp", "smtp"), ("from", "sender")) if not channel.get(key)]
    if missing:
        raise UsageError(f"--email needs {' and '.join(missing)}", remedy="--smtp HOST:PORT --from ADDRESS")
    host, _, port = str(channel["smtp"]).rpartition(":")
    if not host:
        host, port = port, ""
    if port and not port.isdigit():
        raise UsageError(
            f"--smtp {channel['smtp']}: {port!r} is no port", remedy="write HOST:PORT, for example mail:587"
        )
    encryption = str(channel["smtp_encryption"])
    values: dict[str, TomlValue] = {
        "host": host,
        "port": int(port) if port else {"starttls": 587, "tls": 465, "none": 25}[encryption],
        "encryption": encryption,
        "sender": str(channel["sender"]),
        "to": (str(channel["email"]),),
    }
    if channel.get("smtp_user"):
        values["user"] = str(channel["smtp_user"])
    return values


def _refuse_to_overwrite(folder: Path, files: Mapping[str, str]) -> None:
    from tocsin.new_workplace import IGNORE_FILE

    there = [name for name in files if name != IGNORE_FILE and (folder / name).exists()]
    if there:
        raise UsageError(
            f"{folder} holds {', '.join(sorted(there))} already, and nothing is written over",
            remedy="name another folder, or edit the files there",
        )


def _checked(urls: Sequence[str], networks: Sequence[str]) -> list[NewFeed]:
    """Return the feeds with their titles; :raises TocsinError: one of them is none, with the reason of each."""
    from connectors.feeds.settings import shown_url
    from tocsin.feed_checks import check_urls
    from tocsin.new_workplace import NewFeed

    checks = check_urls(urls, networks)
    faults = [f"{shown_url(found.url)}: {found.fault}" for found in checks if found.fault]
    for found in checks:
        if not found.fault:
            say(
                f"{shown_url(found.url)}: {printable(found.title) or 'a feed'}, {plural(found.entries, 'entry', 'entries')}"
            )
    if faults:
        raise TocsinError(
            "\n".join(printable(fault) for fault in faults),
            remedy="correct the URL, or keep it unseen with --no-check; nothing was written",
        )
    return [NewFeed(found.url, found.title) for found in checks]


def _test(answers: Answers, keep_going: Callable[[], bool] | None) -> None:
    from tocsin.first_message import NotDeliveredError, send_test_message

    receivers: list[Mapping[str, TomlValue]] = [{"type": "console", "name": "console"}]
    if answers.receiver:
        receivers.append(answers.receiver)
    for receiver in receivers:
        try:
            detail = send_test_message(receiver)
        except (NotDeliveredError, UsageError) as error:
            if keep_going is None:
                raise
            say(f"error: {error}")
            if not keep_going():
                raise click.Abort() from error
        else:
            say(f"test message to {receiver['name']}: {printable(detail)}")


def _keep_going() -> bool:
    return click.confirm("Make the folder all the same?", default=True, err=True)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files``, the settings last: a folder without them is none, so that a half-written one is seen as such."""
    from tocsin.new_workplace import IGNORE_FILE

    for name, text in files.items():
        path = folder / name
        if name == IGNORE_FILE and path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise TocsinError(
                f"{path} cannot be written: {error.strerror}", remedy="remove what was begun there, then try again"
            ) from error
        click.echo(path)


def _say_what_next(folder: Path, answers: Answers) -> None:
    from tocsin.new_workplace import rule_name

    name = rule_name(answers.watch)
    say("")
    if not answers.feeds:
        say(f"first   add feeds to {folder / 'tocsin.toml'}")
    say(f"then    tocsin run --folder {folder}")
    looks = (
        (f"tocsin rules match {name} --folder {folder}", "headlines it finds, from the first poll on"),
        (f"tocsin rules explain {name} --folder {folder}", "what it counts, in words"),
        (f"tocsin alerts list --folder {folder}", "what rang"),
    )
    width = max(len(words) for words, _ in looks)
    for number, (words, finds) in enumerate(looks):
        say(f"{'' if number else 'look':8}{words:{width}}  {finds}")


def say(line: str) -> None:
    """Write a line for people, on stderr."""
    click.echo(line, err=True)
