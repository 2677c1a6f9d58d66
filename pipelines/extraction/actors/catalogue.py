"""The catalogue of actors: built-in files and the user's own, checked and joined into one frozen value. Only reads files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from pipelines.extraction.actors.actor_yaml import ActorMistake, Lines
from pipelines.extraction.actors.data_files import read_data_files
from pipelines.extraction.actors.entries import ActorEntry, ActorFile, AliasEntry, OfficialEntry
from pipelines.extraction.actors.folding import fold
from schemas.errors import UsageError

#: Part of the digest: to be raised when the meaning of the files changes.
_FORMAT = 1

#: A message with more mistakes than this shows the first ones.
_SHOWN = 50


class ActorFileError(UsageError):
    """Mistakes in actor files, all of them."""

    def __init__(self, mistakes: Sequence[ActorMistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        lines = [str(mistake) for mistake in self.mistakes[:_SHOWN]]
        if len(self.mistakes) > _SHOWN:
            lines.append(f"… and {len(self.mistakes) - _SHOWN} more")
        super().__init__("\n".join(lines), remedy="correct the actor files and try again")


@dataclass(frozen=True)
class Actor:
    """Who it is. ``country`` is where a company or a body is at home; it is not counted as that country."""

    id: str
    name: str
    type: str
    country: str | None = None


@dataclass(frozen=True)
class ActorAlias:
    """A text that names ``actor``; ``kind`` is ``name``, ``alias``, ``demonym`` or ``metonym``. Flags as in the files."""

    actor: str
    kind: str
    text: str
    case: bool = False
    place: bool = False
    person_like: bool = False
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActorStem:
    """The unchanging part of an inflected name; with a capital it wants one in the text."""

    actor: str
    text: str


@dataclass(frozen=True)
class Office:
    """``role`` in the name of ``actor`` from ``start`` to the day before ``until``; ``until`` is never open here."""

    actor: str
    role: str
    start: date
    until: date


@dataclass(frozen=True)
class Person:
    """A person who holds or held offices, in the order of their beginning."""

    name: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    aliases: tuple[AliasEntry, ...]
    stems: tuple[str, ...]
    common: bool
    family_first: bool
    offices: tuple[Office, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything known of actors. ``digest`` is a hash of the content: the same on every machine and for any file names."""

    actors: Mapping[str, Actor]
    aliases: tuple[ActorAlias, ...]
    stems: tuple[ActorStem, ...]
    persons: tuple[Person, ...]
    stop: tuple[str, ...]
    given_names: frozenset[str]
    digest: str

    def display_name(self, actor_id: str) -> str:
        """Return the name of the actor for people; the id itself where it is unknown."""
        actor = self.actors.get(actor_id)
        return actor.name if actor is not None else actor_id


@dataclass
class _Sum:
    """What the files read so far amount to."""

    actors: dict[str, Actor] = field(default_factory=dict)
    aliases: dict[tuple[str | None, ...], ActorAlias] = field(default_factory=dict)
    stems: list[ActorStem] = field(default_factory=list)
    offices: list[tuple[str, OfficialEntry, date]] = field(default_factory=list)
    stop: list[str] = field(default_factory=list)
    given_names: set[str] = field(default_factory=set)
    mistakes: list[ActorMistake] = field(default_factory=list)


#: Words behind a name that are none.
_NO_SURNAMES = {"Jr.", "Jr", "Sr.", "Sr", "II", "III", "IV"}

#: An office without an end is believed for so long after the ``as_of`` of the entry, or of the file: an old source does not keep
#: anybody in office.
TRUSTED_YEARS = 2


def load_catalogue(own_files: Sequence[Path] = ()) -> Catalogue:
    """Return the built-in catalogue with ``own_files`` added in their order.

    :raises ActorFileError: every mistake of every file, with file, line, key and remedy.
    """
    found = _Sum()
    files, found.mistakes = read_data_files(own_files)
    for file in files:
        _add_file(found, file.entries, Lines(file.text), str(file.path))
    for file in files:
        found.mistakes += _unknown_countries(found.actors, file.entries, Lines(file.text), str(file.path))
    if found.mistakes:
        raise ActorFileError(found.mistakes)
    return Catalogue(
        actors=MappingProxyType(found.actors),
        aliases=tuple(found.aliases.values()),
        stems=tuple(found.stems),
        persons=_persons(found.offices),
        stop=tuple(found.stop),
        given_names=frozenset(fold(name) for name in found.given_names),
        digest=_digest([file.entries for file in files]),
    )


def _add_file(found: _Sum, entries: ActorFile, lines: Lines, file: str) -> None:
    as_of = entries.as_of
    for index, entry in enumerate(entries.actors):
        for key, message, remedy in _add_actor(found, entry, as_of):
            path: tuple[str | int, ...] = ("actors", index, *((key,) if key else ()))
            shown = f"actors[{index}]" + (f".{key}" if key else "")
            found.mistakes.append(ActorMistake(file, lines.of(path), shown, message, remedy))
    found.stop += entries.stop
    found.given_names.update(entries.given_names)


def _unknown_countries(known: Mapping[str, Actor], entries: ActorFile, lines: Lines, file: str) -> list[ActorMistake]:
    mistakes: list[ActorMistake] = []
    for index, entry in enumerate(entries.actors):
        if entry.country is not None and entry.country not in known:
            # Nobody reads more of them, and to look for what is meant takes long where there are very many.
            meant = _country_meant(known, entry.country) if len(mistakes) < _SHOWN else ""
            remedy = f"did you mean {meant}?" if meant else "take the id of a country, as FRA"
            line = lines.of(("actors", index, "country"))
            message = f"no country has the id {entry.country!r}"
            mistakes.append(ActorMistake(file, line, f"actors[{index}].country", message, remedy))
    return mistakes


def _country_meant(known: Mapping[str, Actor], written: str) -> str:
    named = [actor.id for actor in known.values() if fold(actor.name) == fold(written)]
    countries = [actor.id for actor in known.values() if actor.type in {"country", "territory"}]
    return next(iter(named or get_close_matches(written, countries, n=1)), "")


def _add_actor(found: _Sum, entry: ActorEntry, as_of: date | None) -> list[tuple[str, str, str]]:
    """Add the entry; return what is wrong with it as (key, message, remedy)."""
    wrong = []
    known = found.actors.get(entry.id)
    if known is None and (entry.name is None or entry.type is None):
        missing = "name" if entry.name is None else "type"
        return [("", f"{entry.id} is a new actor and has no {missing}", f"add {missing}")]
    if known is not None and entry.type is not None and entry.type != known.type:
        return [("type", f"{entry.id} is already a {known.type}", "take another id, or leave type out to add to it")]
    name = entry.name or (known.name if known else entry.id)
    kind = entry.type or (known.type if known else "")
    found.actors[entry.id] = Actor(entry.id, name, kind, entry.country or (known.country if known else None))
    wrong += _add_names(found, entry, known is None)
    found.stems += [ActorStem(entry.id, text) for stems in entry.stems.values() for text in stems]
    for official in entry.officials:
        told_until = official.as_of or as_of
        if official.until is None and told_until is None:
            message = f"the office of {official.name} has no end and the file no as_of"
            wrong.append(("officials", message, "add until, or as_of: the day on which the offices were checked"))
            continue
        until = official.until or _years_after(told_until or official.start, TRUSTED_YEARS)
        found.offices.append((entry.id, official, until))
    return wrong


def _add_names(found: _Sum, entry: ActorEntry, new: bool) -> list[tuple[str, str, str]]:
    groups: list[tuple[str, str, tuple[AliasEntry, ...]]] = [
        ("aliases", "alias", entry.aliases),
        ("demonyms", "demonym", entry.demonyms),
        ("capitals", "metonym", entry.capitals),
        ("metonyms", "metonym", entry.metonyms),
    ]
    if new and entry.name is not None and not any(fold(alias.text) == fold(entry.name) for alias in entry.aliases):
        groups.insert(0, ("name", "name", (AliasEntry(text=entry.name),)))
    wrong = []
    for key, kind, aliases in groups:
        for alias in aliases:
            is_name = entry.name is not None and fold(alias.text) == fold(entry.name)
            made = ActorAlias(
                entry.id,
                "name" if is_name else kind,
                alias.text,
                alias.case,
                alias.place,
                alias.person_like,
                alias.unless,
                alias.needs,
            )
            spot: tuple[str | None, ...] = (fold(alias.text), alias.text if alias.case else None)
            other = found.aliases.setdefault(spot, made)
            if other.actor != entry.id and other.unless:
                # The first one says where it is not meant: there the second one is.
                found.aliases.setdefault((*spot, entry.id), made)
            elif other.actor != entry.id:
                message = f"{alias.text!r} already names {other.actor}"
                wrong.append(
                    (
                        key,
                        message,
                        "take a longer name, or one with case: true; or say there with unless: where it is not meant",
                    )
                )
    return wrong


def _years_after(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=min(day.day, 28))


def _persons(offices: Sequence[tuple[str, OfficialEntry, date]]) -> tuple[Person, ...]:
    by_name: dict[str, list[tuple[str, OfficialEntry, date]]] = {}
    for office in offices:
        by_name.setdefault(fold(office[1].name), []).append(office)
    return tuple(_person(held) for held in by_name.values())


def _person(held: Sequence[tuple[str, OfficialEntry, date]]) -> Person:
    entries = [entry for _, entry, _ in held]
    words = [word for word in entries[0].name.split(" ") if word not in _NO_SURNAMES]
    family_first = any(entry.family_first for entry in entries)
    surname, given = (words[0], words[1:]) if family_first else (words[-1], words[:-1])
    # The first spelling is the one in ``name``, and the others are further ones.
    surnames = dict.fromkeys([surname, *(text for entry in entries for text in entry.surnames)])
    if any(entry.surnames for entry in entries) and len(words) > 2:
        # A surname of several words, as "Mohammed bin Salman": then the last word is not one by itself.
        longest = max((text for entry in entries for text in entry.surnames), key=len)
        if " " in longest and entries[0].name.endswith(longest):
            surnames.pop(surname, None)
            given = words[: len(words) - len(longest.split(" "))]
    joined = [" ".join(given)] if given else []
    givens = dict.fromkeys([*joined, *given[:1], *given[-1:], *(text for entry in entries for text in entry.given)])
    return Person(
        name=entries[0].name,
        given=tuple(givens),
        surnames=tuple(surnames),
        aliases=tuple(alias for entry in entries for alias in entry.aliases),
        stems=tuple(dict.fromkeys(text for entry in entries for stems in entry.stems.values() for text in stems)),
        common=any(entry.common for entry in entries),
        family_first=family_first,
        offices=tuple(
            sorted((Office(a, e.role, e.start, u) for a, e, u in held), key=lambda o: (o.start, o.actor, o.role))
        ),
    )


def _digest(contents: Sequence[ActorFile]) -> str:
    plain = [content.model_dump(mode="json", by_alias=True, exclude_defaults=True) for content in contents]
    written = json.dumps([_FORMAT, plain], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8")).hexdigest()
