"""The ordinary news around the story: local items written by chance from the grammar in ``quiet.json``.

The same seed writes the same items, day by day: what a day brings depends on nothing but the day.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from pipelines.demo.outlets import Outlet, mistake, read_outlets
from schemas.errors import UsageError
from schemas.model import Part

FILE = Path(__file__).with_name("quiet.json")
SEED = "tocsin demo 8"

T = TypeVar("T")

_SLOT = re.compile(r"\{(?:(?P<low>\d+)-(?P<high>\d+)\}(?P<ordinal>th\b)?|(?P<name>[a-z_]+)(?::(?P<other>\d))?\})")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: News of a Saturday and a Sunday, against a working day.
_WEEKEND = 0.6
#: How much of a day's news each local hour brings, from midnight on: newsrooms wake at six and go home at eight.
_HOURS = (1, 1, 1, 1, 1, 2, 5, 9, 11, 12, 12, 11, 9, 9, 10, 10, 9, 8, 6, 5, 4, 3, 2, 1)


class Seasonal(Part):
    """A text for some months only."""

    months: tuple[int, ...] = Field(min_length=1)
    text: str


class Subject(Part):
    """What a kind of news is made of: a title, an opening and one or two details, each from its list."""

    name: str
    share: float = Field(gt=0)
    titles: tuple[str | Seasonal, ...] = Field(min_length=4)
    openings: tuple[str | Seasonal, ...] = Field(min_length=4)
    details: tuple[str | Seasonal, ...] = Field(min_length=4)


class Diplomacy(Subject):
    """News of two countries; ``countries`` holds name, adjective and capital."""

    pairs: Mapping[str, float]
    countries: Mapping[str, tuple[str, str, str]]


class Grammar(Part):
    """The whole file."""

    items_per_day: float = Field(gt=0)
    azerbaijan_russia_per_week: float = Field(gt=0)
    agency_copied_share: float = Field(ge=0, le=1)
    homes: Mapping[str, Mapping[str, tuple[str, ...]]]
    slots: Mapping[str, tuple[str, ...]]
    subjects: tuple[Subject, ...] = Field(min_length=1)
    diplomacy: Diplomacy
    war: Subject


@dataclass(frozen=True)
class QuietItem:
    """One item; ``copies`` as :class:`~pipelines.demo.items.WrittenItem` has them."""

    outlet: str
    published: datetime
    title: str
    summary: str
    copies: Mapping[str, int]


@cache
def read_grammar(path: Path = FILE) -> Grammar:
    """Return the grammar; :raises UsageError: it names what is wrong, a slot that is nowhere among it."""
    try:
        grammar = Grammar.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise mistake(path, error) from error
    _check_slots(grammar, path)
    return grammar


def quiet_day(day: date) -> list[QuietItem]:
    """Return what an ordinary ``day`` (UTC) brings, oldest first."""
    grammar = read_grammar()
    draw = _Draw(f"{SEED} {day.isoformat()}")
    busy = _WEEKEND if day.weekday() >= 5 else (7 - 2 * _WEEKEND) / 5
    items = [_ordinary(grammar, draw, day) for _ in range(draw.poisson(grammar.items_per_day * busy))]
    pair = draw.poisson(grammar.azerbaijan_russia_per_week / 7 * busy)
    items += [_of_pair(grammar, draw, day, ("AZE", "RUS")) for _ in range(pair)]
    return sorted(items, key=lambda item: (item.published, item.outlet, item.title))


def _ordinary(grammar: Grammar, draw: _Draw, day: date) -> QuietItem:
    subjects: Sequence[Subject] = (*grammar.subjects, grammar.diplomacy, grammar.war)
    subject = draw.weighted([(s, s.share) for s in subjects])
    if isinstance(subject, Diplomacy):
        first, second = draw.weighted(list(subject.pairs.items())).split("-")
        return _of_pair(grammar, draw, day, (first, second) if draw.chance(0.5) else (second, first))
    outlets = list(read_outlets().values())
    if subject is grammar.war:
        outlets = [outlet for outlet in outlets if outlet.country in ("UKR", "RUS", "GBR")]
    return _written(grammar, draw, day, subject, draw.one_of(outlets), {})


def _of_pair(grammar: Grammar, draw: _Draw, day: date, pair: tuple[str, str]) -> QuietItem:
    """Write about two countries, in an outlet of one of them or by the agency."""
    outlets = [o for o in read_outlets().values() if o.country in pair or o.agency]
    words: dict[str, str] = {}
    for letter, country in zip("ab", pair, strict=True):
        name, adjective, capital = grammar.diplomacy.countries[country]
        words |= {letter: name, f"{letter}_adj": adjective, f"{letter}_cap": capital}
    return _written(grammar, draw, day, grammar.diplomacy, draw.one_of(outlets), words)


def _written(
    grammar: Grammar, draw: _Draw, day: date, subject: Subject, outlet: Outlet, words: Mapping[str, str]
) -> QuietItem:
    writer = _Writer(grammar, draw, outlet.country, day, words)
    title = writer.sentence(draw.one_of(_in_season(subject.titles, day)))
    details = draw.several(_in_season(subject.details, day), 1 if draw.chance(0.4) else 2)
    texts = [draw.one_of(_in_season(subject.openings, day)), *details]
    return QuietItem(
        outlet=outlet.id,
        published=_moment(draw, day, outlet),
        title=title,
        summary=" ".join(writer.sentence(text) for text in texts),
        copies=_copies(grammar, draw, outlet),
    )


def _moment(draw: _Draw, day: date, outlet: Outlet) -> datetime:
    """Return a moment of the UTC ``day``, likelier in the hours in which the outlet's newsroom is awake."""
    local = draw.weighted(list(enumerate(_HOURS)))
    hour = (local - outlet.utc_offset_h) % 24
    return datetime.combine(day, time(hour, draw.below(60), draw.below(60)), UTC)


def _copies(grammar: Grammar, draw: _Draw, outlet: Outlet) -> Mapping[str, int]:
    if not outlet.agency or not draw.chance(grammar.agency_copied_share):
        return {}
    others = [name for name in read_outlets() if name != outlet.id]
    return {name: 6 + draw.below(90) for name in draw.several(others, 1 + draw.below(3))}


def _in_season(texts: Sequence[str | Seasonal], day: date) -> list[str]:
    return [t if isinstance(t, str) else t.text for t in texts if isinstance(t, str) or day.month in t.months]


class _Writer:
    """Fills the slots of one item: a slot means the same throughout, ``{town:2}`` another than ``{town}``."""

    def __init__(self, grammar: Grammar, draw: _Draw, country: str, day: date, words: Mapping[str, str]) -> None:
        self._lists = {**grammar.slots, **grammar.homes[country]}
        self._draw = draw
        self._filled = dict(words)
        # News of a month looks back at the one before; what happens on a weekday happens in the coming days.
        self._filled["month"] = _MONTHS[(day.month - 2) % 12]
        self._filled["weekday"] = _WEEKDAYS[(day + timedelta(days=1 + draw.below(4))).weekday()]

    def sentence(self, text: str) -> str:
        filled = self._fill(text)
        return filled[:1].upper() + filled[1:]

    def _fill(self, text: str) -> str:
        return _SLOT.sub(self._value, text)

    def _value(self, slot: re.Match[str]) -> str:
        if slot["low"]:
            low, high = int(slot["low"]), int(slot["high"])
            number = low + self._draw.below(high - low + 1)
            return _ordinal(number) if slot["ordinal"] else _shown(number)
        key = slot["name"] + (f":{slot['other']}" if slot["other"] else "")
        if key not in self._filled:
            taken = {value for name, value in self._filled.items() if name.split(":")[0] == slot["name"]}
            free = [value for value in self._lists[slot["name"]] if value not in taken]
            self._filled[key] = self._fill(self._draw.one_of(free))
        return self._filled[key]


class _Draw:
    """Chance that repeats itself: everything comes from ``random()``, whose numbers Python promises to keep."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def several(self, values: Sequence[T], count: int) -> list[T]:
        rest = list(values)
        return [rest.pop(self.below(len(rest))) for _ in range(min(count, len(rest)))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        left = self._random.random() * sum(weight for _, weight in choices)
        for value, weight in choices:
            left -= weight
            if left < 0:
                return value
        return choices[-1][0]

    def poisson(self, mean: float) -> int:
        """Return a Poisson number, by Knuth's product of uniforms."""
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count


def _shown(number: int) -> str:
    return str(number) if number < 10_000 else f"{number:,}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _check_slots(grammar: Grammar, path: Path) -> None:
    known = {*grammar.slots, *set.intersection(*(set(home) for home in grammar.homes.values())), "month", "weekday"}
    pair = {f"{letter}{part}" for letter in "ab" for part in ("", "_adj", "_cap")}
    for where, text, names in _texts(grammar, known, known | pair):
        for slot in re.finditer(r"\{[^}]*\}", text):
            found = _SLOT.fullmatch(slot[0])
            if found is None or (found["name"] and found["name"] not in names):
                raise UsageError(f"{path.name}: {where}: {slot[0]} is no slot", remedy=f"correct it in {path}")
    for country in {c for pair_id in grammar.diplomacy.pairs for c in pair_id.split("-")} | {"AZE", "RUS"}:
        if country not in grammar.diplomacy.countries:
            raise UsageError(f"{path.name}: diplomacy.countries: {country} is missing", remedy=f"add it to {path}")


def _texts(grammar: Grammar, names: set[str], of_pairs: set[str]) -> Iterator[tuple[str, str, set[str]]]:
    for name, values in grammar.slots.items():
        yield from ((f"slots.{name}", value, names) for value in values)
    for subject in (*grammar.subjects, grammar.diplomacy, grammar.war):
        for text in (*subject.titles, *subject.openings, *subject.details):
            plain = text if isinstance(text, str) else text.text
            yield subject.name, plain, of_pairs if isinstance(subject, Diplomacy) else names
