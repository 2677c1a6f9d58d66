"""Actors in text: one automaton over the folded text, then each place is weighed. Pure: text and a day in, hits out."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from pipelines.extraction.actors.catalogue import ActorAlias, Catalogue
from pipelines.extraction.actors.datelines import dateline_spans
from pipelines.extraction.actors.endings import LONGEST_ENDING
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.actors.neighbour_words import FOLLOWING_WORDS, PLACE_BEFORE, PLACE_BEHIND, STATE_BEHIND
from pipelines.extraction.actors.offices import OfficeBook
from pipelines.extraction.actors.patterns import Meaning, compile_patterns
from pipelines.extraction.actors.surnames import SurnameReader

#: How far on either side a text is looked for that takes the meaning from an alias (``unless``), in characters.
_CONTEXT_CHARACTERS = 150


class ActorHit(NamedTuple):
    """A place where an actor is named, ``text[start:end]``; ``kind`` is ``name demonym metonym person alias``.

    ``person`` and ``role`` are set where a person is meant: by name, or as holder of an office ("the Azerbaijani president").
    """

    actor: str
    type: str
    start: int
    end: int
    text: str
    kind: str
    person: str | None = None
    role: str | None = None


class ActorFinder:
    """Finds the actors of a catalogue. Made once per process; then only read, so threads may share it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._actors = catalogue.actors
        self._given_names = catalogue.given_names
        self._offices = OfficeBook(catalogue.persons)
        patterns = compile_patterns(catalogue)
        self._meanings = tuple(
            (
                pattern.endings,
                tuple(meaning for meaning in pattern.meanings if not meaning.surname),
                tuple(meaning.person for meaning in pattern.meanings if meaning.surname and meaning.person is not None),
            )
            for pattern in patterns
        )
        # Without any pattern the automaton would refuse; a letter that folding never leaves stands in.
        texts = [pattern.text for pattern in patterns] or ["\N{KELVIN SIGN}"]
        self._automaton = AhoCorasick(texts, matchkind=MatchKind.Standard, store_patterns=False)

    def find(self, text: str, on: date, language: str | None, folded: str | None = None) -> list[ActorHit]:
        """Return the hits of ``text`` in its order, none overlapping another, the longest at each place.

        ``on`` is the day for whose officials persons are taken. A surname is read by what stands before it *in this text*, so
        pass a whole article rather than its sentences one by one. ``language`` is kept for languages with rules of their own;
        the spellings of all languages are always looked for. ``folded`` is the folded text where the caller has it.
        """
        if folded is None:
            folded = fold(text)
        try:
            raw = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        except UnicodeEncodeError:
            # Half of a character, which no text can hold and no name contains: read as an unknown character.
            folded = folded.encode("utf-32", "surrogatepass").decode("utf-32", "replace")
            raw = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if not raw:
            return []
        places = self._whole_words(text, folded, raw)
        if not places:
            return []
        places.sort()
        places = _outside(dateline_spans(text), places)
        reader = SurnameReader(text, folded, on, self._given_names)
        hits: list[ActorHit] = []
        last_end = 0
        for start, negative_end, index in places:
            if start < last_end:
                continue
            found = self._weigh(reader, text, folded, start, -negative_end, index, last_end)
            if found is None:
                continue
            last_end = -negative_end
            if found is not _COVERED:
                hits.append(found)
        return self._offices.with_holders(hits, folded, on)

    def _whole_words(self, text: str, folded: str, raw: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Keep the matches that are words, as (start, -end, pattern): sorted, the leftmost and longest comes first."""
        places = []
        length = len(folded)
        for index, start, end in raw:
            if start and (folded[start - 1].isalnum() or folded[start - 1] in "_@"):
                continue
            stop = end
            endings = self._meanings[index][0]
            if endings is not None:
                while stop < length and folded[stop].isalpha() and stop - end <= LONGEST_ENDING:
                    stop += 1
                if folded[end:stop] not in endings:
                    continue
            elif end < length and (folded[end].isalnum() or folded[end] == "_") and folded[end - 1] != ".":
                continue
            touching = (start and folded[start - 1] in "./-_") or folded[stop : stop + 1] in "./-$"
            if touching and _in_address(text, start, stop):
                continue
            places.append((start, -stop, index))
        return places

    def _weigh(
        self, reader: SurnameReader, text: str, folded: str, start: int, end: int, index: int, last_end: int
    ) -> ActorHit | None:
        """Return the hit at a place, ``_COVERED`` where the place is taken by something that is no actor, None for neither."""
        _, meanings, bearers = self._meanings[index]
        if bearers and text[start].isupper():
            read = reader.read(bearers, start, end, last_end)
            if read is not None:
                person, bearing, begin = read
                begin = max(begin, last_end)
                return self._hit(bearing.actor, begin, end, text, "person", person.name, bearing.role)
        for meaning in meanings:
            if not _is_written_so(meaning, text, start, end) or _is_elsewhere(meaning, folded, start, end):
                continue
            if meaning.needs and not reader.speaks_of(meaning.needs):
                continue
            if meaning.alias is not None:
                alias = meaning.alias
                if folded[end : end + 2] == ", " and alias.kind != "demonym" and STATE_BEHIND.match(text, end):
                    return _COVERED
                if not meaning.plain and _is_no_actor(alias, reader, text, folded, start, end, self._given_names):
                    return _COVERED
                return self._hit(alias.actor, start, end, text, alias.kind)
            if meaning.person is None:
                return _COVERED
            acting = reader.name_in_full(meaning.person)
            if acting is None:
                return _COVERED
            return self._hit(acting.actor, start, end, text, "person", meaning.person.name, acting.role)
        return None

    def _hit(
        self, actor: str, start: int, end: int, text: str, kind: str, person: str | None = None, role: str | None = None
    ) -> ActorHit:
        return ActorHit(actor, self._actors[actor].type, start, end, text[start:end], kind, person, role)


_COVERED = ActorHit("", "", 0, 0, "", "")


def _outside(spans: list[tuple[int, int]], places: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the places that begin in none of the spans; both are in text order."""
    if not spans:
        return places
    starts = [begin for begin, _ in spans]
    kept = []
    for place in places:
        near = bisect_right(starts, place[0]) - 1
        if near < 0 or place[0] >= spans[near][1]:
            kept.append(place)
    return kept


def _is_written_so(meaning: Meaning, text: str, start: int, end: int) -> bool:
    if meaning.capital and not text[start].isupper():
        return False
    if meaning.exact is None:
        return True
    written = text[start:end]
    # In a headline of capitals every word is one; "US" itself is never more than it is.
    return written == meaning.exact or (len(written) > 3 and written == meaning.exact.upper())


def _is_elsewhere(meaning: Meaning, folded: str, start: int, end: int) -> bool:
    if not meaning.unless:
        return False
    around = folded[max(0, start - _CONTEXT_CHARACTERS) : end + _CONTEXT_CHARACTERS]
    return any(word in around for word in meaning.unless)


def _is_no_actor(
    alias: ActorAlias, reader: SurnameReader, text: str, folded: str, start: int, end: int, given_names: frozenset[str]
) -> bool:
    """Whether the name stands for a place where something happens, or for a person who bears it."""
    if alias.place:
        return (
            PLACE_BEHIND.match(folded, end) is not None
            or PLACE_BEFORE.search(folded, max(0, start - 24), start) is not None
        )
    before = reader.word_before(start).text
    if fold(before) in given_names:
        return True
    if (
        before[:1].isupper()
        and before.isalpha()
        and fold(before) not in FOLLOWING_WORDS
        and not reader.is_headline(start)
    ):
        return True
    if folded[end : end + 1] != " ":
        return False
    following = text[end + 1 : end + 24].split(" ", maxsplit=1)[0]
    following = following.removesuffix("'s").removesuffix("’s").rstrip(".,;:!?\"”'’")
    if following[:1].isupper() and following.isalpha() and not reader.is_headline(start):
        return fold(following) not in FOLLOWING_WORDS
    return False


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether the place lies in a web or mail address or a sum: "kremlin.ru", "www.ukraine", "/russia/", "US$30"."""
    if text[end : end + 1] == "$":
        return True
    if start > 1 and text[start - 1] == "." and text[start - 2].isalnum() and text[start - 2].islower():
        return True
    if start > 1 and text[start - 1] == "/" and text[start].islower():
        return True
    if text[start].islower() and "://" in text[text.rfind(" ", max(0, start - 200), start) + 1 : start]:
        return True
    return text[end : end + 1] == "." and text[end + 1 : end + 2].islower() and text[end - 1].islower()
