"""What really happened: a CSV of ``event,watch,start,end`` to events and back. Every mistake names its file, line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules.directory import ActorDirectory
from alerts.rules.mistakes import RulesError, clipped, did_you_mean
from alerts.rules.model import NamedActors, Watch, WatchKind
from alerts.rules.short_watch import short_watch
from schemas.errors import UsageError
from schemas.timestamps import names_a_day_only, parse_timestamp

COLUMNS = ("event", "watch", "start", "end")

#: Mistakes shown of one file.
_SHOWN = 30

_EXAMPLE = "event,watch,start,end\nWar in Karabakh,ARM-AZE,2020-09-27,2020-11-10"


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Something that happened. ``watch``: ``AZE-RUS``, ``AZE>RUS``, ``AZE``, ``keyword:…``, ``topic:…`` or ``rule:…``.

    ``start`` is the first instant, ``end`` the first one after it (at least ``start``).
    """

    event: str
    watch: str
    start: datetime
    end: datetime


class TruthError(UsageError):
    """A truth file that cannot be used, with all its mistakes."""


def read_truth(text: str, name: str, names: ActorDirectory, rules: Collection[str]) -> list[TrueEvent]:
    """Return the events in ``text`` by start; ``rules`` are the names ``rule:…`` may use.

    Times without a zone are UTC. A day alone begins at 00:00; as an ``end`` it is the last day. Without an end an event is
    its start alone.

    :raises TruthError: with every mistake as ``file:line:column: what``.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    mistakes: list[str] = []
    events: list[TrueEvent] = []
    places: dict[str, int] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if places is None:
                places = _places(row, f"{name}:{reader.line_num}")
                continue
            found = _Row(row, places, f"{name}:{reader.line_num}", mistakes).event(names, rules)
            if found is not None:
                events.append(found)
    except csv.Error as error:
        raise TruthError(f"{name}:{reader.line_num}:1: no CSV: {error}") from error
    if places is None:
        raise TruthError(f"{name}:1:1: the file is empty", remedy=f"write for example\n{_EXAMPLE}")
    if mistakes:
        more = [f"and {len(mistakes) - _SHOWN} more mistakes"] * (len(mistakes) > _SHOWN)
        raise TruthError("\n".join([*mistakes[:_SHOWN], *more]))
    return sorted(events, key=lambda event: (event.start, event.watch, event.event))


def _places(header: Sequence[str], place: str) -> dict[str, int]:
    found = {cell.strip().lower().lstrip("\ufeff"): number for number, cell in enumerate(header)}
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise TruthError(
            f"{place}:1: the header lacks {', '.join(missing)}", remedy=f"the file begins for example\n{_EXAMPLE}"
        )
    return found


class _Row:
    def __init__(self, cells: Sequence[str], places: dict[str, int], place: str, mistakes: list[str]) -> None:
        self._cells = cells
        self._places = places
        self._place = place
        self._mistakes = mistakes

    def event(self, names: ActorDirectory, rules: Collection[str]) -> TrueEvent | None:
        before = len(self._mistakes)
        start, end = self._instant("start", last=False), self._instant("end", last=True)
        watch = self._watch(names, rules)
        if start is None and not self._cell("start"):
            self._wrong("start", "when it began is missing")
        elif start is not None and end is not None and end < start:
            self._wrong("end", "it ends before it starts")
        if len(self._mistakes) > before or start is None:
            return None
        return TrueEvent(" ".join(self._cell("event").split()) or watch, watch, start, end or start)

    def _cell(self, column: str) -> str:
        number = self._places[column]
        return self._cells[number].strip() if number < len(self._cells) else ""

    def _wrong(self, column: str, message: str) -> None:
        self._mistakes.append(f"{self._place}:{self._places[column] + 1}: {column}: {message}")

    def _instant(self, column: str, *, last: bool) -> datetime | None:
        text = self._cell(column)
        if not text:
            return None
        try:
            moment = parse_timestamp(text)
        except (ValueError, OverflowError) as error:
            self._wrong(column, clipped(str(error)))
            return None
        return moment + timedelta(days=1) if last and names_a_day_only(text) else moment

    def _watch(self, names: ActorDirectory, rules: Collection[str]) -> str:
        text = self._cell("watch")
        if not text:
            self._wrong("watch", "what it concerns is missing: AZE-RUS, keyword:WORDS, topic:ID or rule:NAME")
            return ""
        kind, _, rest = (part.strip() for part in text.partition(":"))
        if kind == "rule":
            if rest not in rules:
                self._wrong("watch", f"there is no rule {clipped(rest)!r}; {did_you_mean(rest, rules)}".rstrip("; "))
            return f"rule:{rest}"
        if kind in ("keyword", "topic"):
            return f"{kind}:{rest}"
        try:
            return canonical(short_watch(text, names))
        except RulesError as error:
            first = error.mistakes[0]
            self._wrong("watch", f"{first.message}; {first.remedy}".rstrip("; "))
        except ValueError as error:
            self._wrong("watch", str(error))
        return ""


def canonical(watch: Watch) -> str:
    """Return the one key of ``watch``, a pair or an actor; :raises ValueError: it stands for several."""
    if watch.kind is WatchKind.PAIR and watch.pair is not None:
        ends = [_only(watch.pair.one), _only(watch.pair.other)]
        return ">".join(ends) if watch.pair.directed else "-".join(sorted(ends))
    if watch.kind is WatchKind.ACTOR and watch.actor is not None:
        return _only(watch.actor.any)
    raise ValueError("it is neither a pair nor an actor")


def _only(choices: Sequence[object]) -> str:
    if len(choices) == 1 and isinstance(choices[0], NamedActors) and len(choices[0].ids) == 1:
        return choices[0].ids[0]
    raise ValueError("an event concerns actors by name, not a set of them")


def write_truth(events: Iterable[TrueEvent]) -> str:
    """Return ``events`` as a file that :func:`read_truth` reads back."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for event in events:
        rows.writerow([event.event, event.watch, _shown(event.start), _shown(event.end)])
    return out.getvalue()


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
