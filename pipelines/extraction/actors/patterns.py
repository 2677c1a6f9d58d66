"""The catalogue compiled for look-up: folded texts, and what each may mean. Made once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.extraction.actors.catalogue import ActorAlias, Catalogue, Person
from pipelines.extraction.actors.endings import ENDINGS, NAME_ENDINGS
from pipelines.extraction.actors.folding import fold, spellings


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text may mean: an actor by alias, a person, or (neither) a stop phrase.

    ``exact``: only so written; ``capital``: only with a capital; ``surname``: a surname, to be weighed by its neighbours.
    """

    alias: ActorAlias | None = None
    person: Person | None = None
    surname: bool = False
    exact: str | None = None
    capital: bool = False
    plain: bool = True
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A folded text with its meanings, the best first; ``endings``: one of these follows it (None: nothing may)."""

    text: str
    endings: frozenset[str] | None
    meanings: tuple[Meaning, ...]


#: Plurals are made by rule; these ends take none (Chinese, British, Dutch, Englishman, Swiss …).
_NO_PLURAL = ("s", "sh", "ch", "ese", "man", "x", "z", "men")


def compile_patterns(catalogue: Catalogue) -> tuple[Pattern, ...]:
    """Return one pattern for each folded text and kind of match, in a fixed order."""
    meanings: dict[tuple[str, frozenset[str] | None], list[Meaning]] = {}

    def add(text: str, endings: frozenset[str] | None, meaning: Meaning) -> None:
        held = meanings.setdefault((text, endings), [])
        if meaning not in held:
            held.append(meaning)

    for phrase in catalogue.stop:
        for text in spellings(phrase):
            add(text, None, Meaning())
    for alias in catalogue.aliases:
        for form in _forms(alias):
            for text in spellings(form):
                add(text, None, _of_alias(alias, form))
    for stem in catalogue.stems:
        alias = ActorAlias(stem.actor, "name" if stem.text[0].isupper() else "demonym", stem.text)
        endings = NAME_ENDINGS if stem.text[0].isupper() else ENDINGS
        add(fold(stem.text), endings, Meaning(alias=alias, capital=stem.text[0].isupper()))
    for person in catalogue.persons:
        _add_person(add, person)
    return tuple(Pattern(text, endings, tuple(held)) for (text, endings), held in meanings.items())


def _forms(alias: ActorAlias) -> tuple[str, ...]:
    if alias.kind == "demonym" and alias.text.isascii() and not alias.text.endswith(_NO_PLURAL):
        return alias.text, alias.text + "s"
    return (alias.text,)


def _of_alias(alias: ActorAlias, form: str) -> Meaning:
    return Meaning(
        alias=alias,
        exact=form if alias.case else None,
        plain=not (alias.place or alias.person_like),
        unless=tuple(fold(word) for word in alias.unless),
        needs=tuple(fold(word) for word in alias.needs),
    )


def _add_person(add: Callable[[str, frozenset[str] | None, Meaning], None], person: Person) -> None:
    for alias in person.aliases:
        for text in spellings(alias.text):
            exact = alias.text if alias.case else None
            unless, needs = (tuple(fold(word) for word in words) for words in (alias.unless, alias.needs))
            add(text, None, Meaning(person=person, exact=exact, unless=unless, needs=needs))
    for given in person.given:
        for surname in person.surnames:
            full = f"{surname} {given}" if person.family_first else f"{given} {surname}"
            for text in spellings(full):
                add(text, None, Meaning(person=person, capital=True))
    for surname in person.surnames:
        for text in spellings(surname):
            add(text, None, Meaning(person=person, surname=True, capital=True))
    for stem in person.stems:
        add(fold(stem), NAME_ENDINGS, Meaning(person=person, surname=True, capital=True))
