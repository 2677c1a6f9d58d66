"""The smallest parts of a timeline test in YAML: times, who meets, publishers, keys and names of rules."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from alerts.rules.actor_grammar import ACTORS, PAIR, split_pair
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import clipped, did_you_mean
from alerts.rules.model import ActorSet, NamedActors
from alerts.rules.number_readers import Whole
from alerts.rules.readers import Items, JsonSchema, Reader, Text, described
from alerts.rules.reading import Reading
from alerts.rules.timeline_model import Meeting
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_
from schemas.article import Source

_MOST_MINUTES = 90 * 1440


@dataclass
class TimelineReading(Reading):
    """A reading that knows which rules there are."""

    rules: Collection[str] = ()


class Moment(Reader[int]):
    """Minutes: ``0``, ``45m``, ``10h``, ``1d 6h 30m``."""

    def read(self, node: Node, path: str, reading: Reading) -> int | None:
        """Return the minutes."""
        text = node.text.strip() if isinstance(node, Scalar) else ""
        match = re.fullmatch(r"(?:(\d{1,3})d)?\s*(?:(\d{1,4})h)?\s*(?:(\d{1,5})m)?", text)
        if text == "0":
            return 0
        if not text or match is None:
            remedy = f"write {text}h or {text}m" if text.isdecimal() else "write for example 45m, 10h or 1d 6h"
            reading.wrong(node, path, f"a time since the start is needed, this is {described(node)}", remedy)
            return None
        minutes = sum(int(n or 0) * unit for n, unit in zip(match.groups(), (1440, 60, 1), strict=True))
        if minutes > _MOST_MINUTES:
            reading.wrong(node, path, f"{text} is out of range", f"at most {_MOST_MINUTES // 1440}d")
            return None
        return minutes

    def schema(self) -> JsonSchema:
        """A string such as 10h."""
        return {"anyOf": [{"type": "string", "pattern": "^([0-9]+d)? *([0-9]+h)? *([0-9]+m)?$"}, {"const": 0}]}


class Day(Reader[date]):
    """A calendar day."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> date | None:
        """Return the day."""
        text = self._text.read(node, path, reading)
        if text is None:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if not 1990 <= day.year <= 2200:
            reading.wrong(node, path, f"{clipped(text)!r} is no day", "write it as 2025-01-22")
            return None
        return day

    def schema(self) -> JsonSchema:
        """A string such as 2025-01-22."""
        return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


class OneActor(Reader[str]):
    """Exactly one actor, by name or id."""

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the id."""
        before = reading.noted
        found = ACTORS.read(node, path, reading)
        actor = _single(found) if found is not None else None
        if actor is None and reading.noted == before:
            reading.wrong(node, path, "one actor is needed here", "a test says exactly who meets")
        return actor

    def schema(self) -> JsonSchema:
        """A string."""
        return Text().schema()


class MeetingOf(Reader[Meeting]):
    """Exactly two actors, either way or directed."""

    def read(self, node: Node, path: str, reading: Reading) -> Meeting | None:
        """Return who meets."""
        pair = PAIR.read(node, path, reading)
        if pair is None:
            return None
        one, other = _single(pair.one), _single(pair.other)
        if one is None or other is None:
            reading.wrong(node, path, "two single actors are needed here", "a test says exactly who meets")
            return None
        return Meeting(one, other, pair.directed)

    def schema(self) -> JsonSchema:
        """A pair."""
        return PAIR.schema()


class AlertKey(Reader[str]):
    """A key as alerts show it; actors may be written by name."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the key."""
        text = self._text.read(node, path, reading)
        if text is None or text.startswith(("keyword:", "topic:")):
            return text
        actor = reading.actors.resolve(text)
        if actor is not None:
            return actor
        sides = split_pair(text, reading)
        ends = [_single(side) for side in sides[:2]] if sides is not None else []
        if sides is None or None in ends:
            reading.wrong(node, path, f"{clipped(text)!r} is no key", "write AZE-RUS, AZE>RUS, SOCAR or keyword:RULE")
            return None
        names = [end or "" for end in ends]
        return ">".join(names) if sides[2] else "-".join(sorted(names))

    def schema(self) -> JsonSchema:
        """A string."""
        return self._text.schema()


class RuleName(Reader[str]):
    """The name of a rule there is."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the name."""
        name = self._text.read(node, path, reading)
        if name is None or not isinstance(reading, TimelineReading) or name in reading.rules:
            return name
        reading.wrong(node, path, f"there is no rule {clipped(name)!r}", did_you_mean(name, reading.rules))
        return None

    def schema(self) -> JsonSchema:
        """A string."""
        return self._text.schema()


def _single(choices: ActorSet) -> str | None:
    first = choices[0]
    return first.ids[0] if len(choices) == 1 and isinstance(first, NamedActors) and len(first.ids) == 1 else None


_ID = Key("id", Text(max_characters=80), "What the publisher is called.", required=True)
_COUNTRY = Key("country", OneActor(), "Where it sits.")
_GROUP = Key("group", Text(max_characters=80), "Publishers of one group count as one.")


def _outlet(values: Values) -> Source:
    name = values.get_or(_ID, "")
    return Source(id=name, name=name, country=values.get(_COUNTRY), group=values.get(_GROUP))


_OUTLET = Fields((_ID, _COUNTRY, _GROUP), _outlet, about="A publisher.")


class _Outlet(Reader[Source]):
    _text = Text(max_characters=80)

    def read(self, node: Node, path: str, reading: Reading) -> Source | None:
        if isinstance(node, Mapping_):
            return _OUTLET.read(node, path, reading)
        name = self._text.read(node, path, reading)
        return None if name is None else Source(id=name, name=name)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self._text.schema(), _OUTLET.schema()]}


class Outlets(Reader[int | tuple[Source, ...]]):
    """So many publishers of the background, or a list of them."""

    _number, _list = Whole(least=1, most=200), Items(_Outlet(), most=200)

    def read(self, node: Node, path: str, reading: Reading) -> int | tuple[Source, ...] | None:
        """Return the number or the publishers."""
        if isinstance(node, Sequence_):
            return self._list.read(node, path, reading)
        return self._number.read(node, path, reading)

    def schema(self) -> JsonSchema:
        """A number or a list."""
        return {"anyOf": [self._number.schema(), self._list.schema()]}
