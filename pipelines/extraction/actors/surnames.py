"""Whom a surname means in a text on a day: by given name, initials, title, an earlier full name, or as the only one sitting."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from pipelines.extraction.actors.catalogue import Person
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.actors.neighbour_words import INITIALS, LEAD_WORDS, OTHER_TITLES, TITLES

#: For so long after the last office a full name still stands for the actor: news goes on naming people by what they were.
GRACE = timedelta(days=365)

#: Offices that somebody may hold together with a ministry, and is called by.
_LEADING = frozenset({"President", "Prime Minister", "Premier", "Chancellor", "Supreme Leader"})

_HEADLINE_WORDS = 4

#: No further than this is looked for the ends of a line, so that a text of one line costs no more than another.
_LINE_CHARACTERS = 250


class Bearing(NamedTuple):
    """In whose name a person acts, and as what."""

    actor: str
    role: str


class Word(NamedTuple):
    """A word of the text beside a place, without punctuation; empty where there is none."""

    text: str
    start: int


def bearing_on(person: Person, on: date, grace: bool) -> Bearing | None:
    """Return the office held ``on`` that day: who leads a state is that first and a minister second; of several others the one
    begun last. With ``grace`` also one that ended within a year."""
    held = [office for office in person.offices if office.start <= on < office.until]
    if held:
        foremost = max(held, key=lambda office: (office.role in _LEADING, office.start))
        return Bearing(foremost.actor, foremost.role)
    if grace:
        past = [office for office in person.offices if office.until <= on < office.until + GRACE]
        if past:
            last = max(past, key=lambda office: office.until)
            return Bearing(last.actor, f"former {last.role}")
    return None


class SurnameReader:
    """Weighs the surnames of one text, in text order; remembers who was named in full."""

    def __init__(self, text: str, folded: str, on: date, given_names: frozenset[str]) -> None:
        self._text = text
        self._folded = folded
        self._on = on
        self._given_names = given_names
        self._named: set[str] = set()
        self._namesakes: set[str] = set()
        self._headlines: dict[int, bool] = {}
        self._speaks_of: dict[tuple[str, ...], bool] = {}

    def speaks_of(self, words: tuple[str, ...]) -> bool:
        """Whether one of the folded ``words`` stands in the text; each question is asked of the text once."""
        if words not in self._speaks_of:
            self._speaks_of[words] = any(word in self._folded for word in words)
        return self._speaks_of[words]

    def name_in_full(self, person: Person) -> Bearing | None:
        """Note that ``person`` was named in full; return in whose name they act."""
        self._named.add(person.name)
        self._namesakes.difference_update(fold(surname) for surname in person.surnames)
        return bearing_on(person, self._on, grace=True)

    def read(
        self, persons: tuple[Person, ...], start: int, end: int, last_hit_end: int
    ) -> tuple[Person, Bearing, int] | None:
        """Return whom the surname at ``start`` means, and where the name begins (before the given name); None for nobody."""
        before = self.word_before(start)
        surname = self._folded[start:end]
        if before.text:
            for person in persons:
                if self._is_given_name(before, person):
                    bearing = self.name_in_full(person)
                    return (person, bearing, before.start) if bearing is not None else None
        word = fold(before.text).rstrip(".")
        if word in TITLES:
            return self._titled(persons, TITLES[word], start)
        if self._is_namesake(before, word, start, last_hit_end) or self._goes_on(persons, end):
            self._namesakes.add(surname)
            return None
        return self._bare(persons, surname, start)

    def word_before(self, start: int) -> Word:
        """Return the word that stands one space before ``start``."""
        text = self._folded
        if start < 2 or text[start - 1] != " ":
            return Word("", start)
        begin = text.rfind(" ", max(0, start - 40), start - 1) + 1
        word = self._text[begin : start - 1].lstrip("\"'“”‘’«»„([{-–—\n")
        if not word or word[-1] in ",;:!?)]\"”»'’" or (word[-1] == "." and not _abbreviates(word)):
            return Word("", start)
        return Word(word, start - 1 - len(word))

    def is_headline(self, start: int) -> bool:
        """Whether the line around ``start`` writes most of its words with a capital."""
        near = max(0, start - _LINE_CHARACTERS)
        begin = max(near, self._text.rfind("\n", near, start) + 1)
        if begin not in self._headlines:
            line = self._text[begin : start + _LINE_CHARACTERS].split("\n", maxsplit=1)[0]
            words = [word for word in line.split() if len(word) >= 4 and word[0].isalpha()]
            capitals = sum(word[0].isupper() for word in words)
            self._headlines[begin] = len(words) >= _HEADLINE_WORDS and capitals >= 0.85 * len(words)
        return self._headlines[begin]

    def _is_given_name(self, word: Word, person: Person) -> bool:
        if INITIALS.fullmatch(word.text):
            first = self.word_before(word.start).text
            # "Lyndon B. Johnson" is no Boris: the name is before the initial.
            if first[:1].isupper() and fold(first).rstrip(".") not in TITLES | dict.fromkeys(LEAD_WORDS, ""):
                return any(fold(first) == fold(given) for given in person.given)
            return any(given[0].lower() == word.text[0].lower() for given in person.given)
        folded = fold(word.text)
        for given in person.given:
            name = fold(given)
            if folded == name or (name[0] > "\u0400" and folded.startswith(name[: max(3, len(name) - 1)])):
                return True
        return False

    def _titled(self, persons: tuple[Person, ...], role: str, start: int) -> tuple[Person, Bearing, int] | None:
        sitting = [(person, bearing) for person in persons if (bearing := bearing_on(person, self._on, grace=False))]
        fitting = [(person, bearing) for person, bearing in sitting if role in bearing.role.lower()]
        if len(fitting) > 1:
            fitting = [(person, bearing) for person, bearing in fitting if person.name in self._named] or fitting
        if len(fitting) != 1:
            return None
        person, bearing = fitting[0]
        if role:
            self.name_in_full(person)
        elif person.common and person.name not in self._named:
            return None
        return person, bearing, start

    def _is_namesake(self, before: Word, word: str, start: int, last_hit_end: int) -> bool:
        if not before.text:
            return False
        if word in OTHER_TITLES:
            return True
        if not before.text[0].isupper() or before.text.endswith(("'s", "’s")) or last_hit_end == start - 1:
            return False
        if word in self._given_names or INITIALS.fullmatch(before.text):
            return True
        if word in LEAD_WORDS or word.endswith("ly") or any(letter.isdigit() for letter in word):
            return False
        return not self.is_headline(start)

    def _goes_on(self, persons: tuple[Person, ...], end: int) -> bool:
        """Whether a family name that comes first is followed by somebody else's given name: "Wang Fang" for Wang Yi."""
        if not all(person.family_first for person in persons) or self._folded[end : end + 1] != " ":
            return False
        following = self._text[end + 1 : end + 20].split(" ", maxsplit=1)[0]
        return following[:1].isupper() and fold(following).strip(".,") not in LEAD_WORDS and not self.is_headline(end)

    def _bare(self, persons: tuple[Person, ...], surname: str, start: int) -> tuple[Person, Bearing, int] | None:
        named = [person for person in persons if person.name in self._named]
        if len(named) == 1 and surname not in self._namesakes:
            bearing = bearing_on(named[0], self._on, grace=True)
            return (named[0], bearing, start) if bearing is not None else None
        if surname in self._namesakes:
            return None
        sitting = [(person, bearing) for person in persons if (bearing := bearing_on(person, self._on, grace=False))]
        if len(sitting) != 1 or sitting[0][0].common:
            return None
        return sitting[0][0], sitting[0][1], start


def _abbreviates(word: str) -> bool:
    return INITIALS.fullmatch(word) is not None or word.lower().rstrip(".") in TITLES | dict.fromkeys(OTHER_TITLES, "")
