"""Opens the log that a URL of the settings names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from connectors.log.limits import check_topic_name
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.log import Log

_REMEDY = (
    'Write log = "sqlite:///state/log.db" (a file; four slashes for an absolute path)'
    ' or log = "kafka://host:9092/prefix" (several brokers: host1:9092,host2:9092; the prefix may be left out).'
)
_SQLITE_OPTIONS = frozenset({"timeout_s", "lease_s", "max_pages"})
_KAFKA_OPTIONS = frozenset({"timeout_s", "session_s"})
#: Below this a healthy broker's answers, elections among them, would be taken for an outage.
_LEAST_KAFKA_TIMEOUT_S = 1.0
_BROKER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}|[A-Za-z0-9._-]+:[0-9]{1,5})")


def open_log(url: str, clock: Clock, *, base: Path | None = None, stopping: Callable[[], bool] = lambda: False) -> Log:
    """Open ``sqlite:///path`` or ``kafka://host:port[,host:port…][/prefix]``; the caller closes it.

    Options follow a ``?``: ``timeout_s`` (how long a call waits before LogUnavailableError), ``lease_s`` or
    ``session_s`` (after how long a silent member of a consumer group loses its partitions), ``max_pages`` (a bound for
    the SQLite file, in pages of 16 KiB).

    :param stopping: whether the job that calls is to stop: a call on a cluster that is away then gives up within seconds,
        with LogUnavailableError. A file is waited for as long as ``timeout_s`` says.
    :param base: the folder a relative path starts at; None: the working directory.
    :raises UsageError: the URL cannot be understood; says how one looks.
    """
    parts = _split(url)
    if parts.scheme == "sqlite":
        return _open_sqlite(parts, clock, base)
    if parts.scheme == "kafka":
        return _open_kafka(parts, clock, stopping)
    raise UsageError(f"{_shown(parts)!r} names no kind of log", remedy=_REMEDY)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"the log's URL cannot be read: {error}", remedy=_REMEDY) from error
    if parts.fragment:
        raise UsageError(f"the log's URL has a '#': {_shown(parts)!r}", remedy="Write %23 for a '#' in a file name.")
    return parts


def _open_sqlite(parts: SplitResult, clock: Clock, base: Path | None) -> Log:
    from connectors.log.sqlite import SqliteLog

    if parts.netloc:
        raise UsageError(f"{_shown(parts)!r} has a host where a file belongs", remedy=_REMEDY)
    name = unquote(parts.path.removeprefix("/"))
    if not name or name.endswith("/") or "\0" in name:
        raise UsageError(f"{_shown(parts)!r} names no file", remedy=_REMEDY)
    options = _options(parts, _SQLITE_OPTIONS)
    return SqliteLog(
        (base or Path()) / name,
        clock,
        timeout_s=options.get("timeout_s", 10.0),
        lease_s=options.get("lease_s", 10.0),
        max_pages=int(options["max_pages"]) if "max_pages" in options else None,
    )


def _open_kafka(parts: SplitResult, clock: Clock, stopping: Callable[[], bool]) -> Log:
    options = _options(parts, _KAFKA_OPTIONS)
    if options.get("timeout_s", _LEAST_KAFKA_TIMEOUT_S) < _LEAST_KAFKA_TIMEOUT_S:
        raise UsageError(
            f"timeout_s={options['timeout_s']:g} is too short for Kafka",
            remedy=f"Give at least {_LEAST_KAFKA_TIMEOUT_S:g}, or leave it out (30).",
        )
    brokers = parts.netloc.split(",")
    if "@" in parts.netloc or not all(_BROKER.fullmatch(broker) for broker in brokers):
        raise UsageError(f"{_shown(parts)!r} does not name brokers as host:port", remedy=_REMEDY)
    prefix = parts.path.strip("/")
    if prefix:
        check_topic_name(prefix)
    # Imported here: the library takes a third of a second, which light commands need not wait.
    from connectors.log.kafka import KafkaLog
    from connectors.log.kafka_client import KafkaCluster

    cluster = KafkaCluster(
        tuple(broker if ":" in broker else f"{broker}:9092" for broker in brokers),
        timeout_s=options.get("timeout_s", 30.0),
        session_s=options.get("session_s", 10.0),
        stopping=stopping,
    )
    return KafkaLog(cluster, prefix, clock)


def _options(parts: SplitResult, known: frozenset[str]) -> Mapping[str, float]:
    """Read the part after the ``?``; every option is a number above 0."""
    options: dict[str, float] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise UsageError(
                f"{_shown(parts)!r} has an unknown option {name!r}", remedy=f"Known here: {', '.join(sorted(known))}."
            )
        try:
            options[name] = float(text)
        except ValueError:
            options[name] = 0.0
        if not 0 < options[name] < 1e12:
            raise UsageError(f"option {name!r} of the log's URL is {text!r}", remedy="Give a number above 0.")
    return options


def _shown(parts: SplitResult) -> str:
    """The URL without what may be a password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
