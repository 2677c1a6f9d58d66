"""What a person says of an actor to an entry of an actor file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.extraction.actors.actor_yaml import as_id
from pipelines.own_actors.writing import Value
from schemas.errors import UsageError


@dataclass(frozen=True)
class Said:
    """An actor as said on a command line; ``known`` is the id of an actor that is already called so."""

    name: str
    known: str | None = None
    id: str | None = None
    type: str | None = None
    country: str | None = None
    aliases: Sequence[str] = ()
    as_written: Sequence[str] = ()
    unless: Sequence[str] = ()


def entry_of(said: Said) -> dict[str, Value]:
    """Return the entry; of a known actor one that adds names to it.

    :raises UsageError: too little is said for a new actor, or nothing new of a known one.
    """
    names: list[Value] = [_alias(text, said, case=False) for text in said.aliases]
    names += [_alias(text, said, case=True) for text in said.as_written]
    if said.known is not None:
        if not names:
            remedy = "add names to it with --alias, or give --id for another actor of this name"
            raise UsageError(f"{said.name!r} already names {said.known}", remedy=remedy)
        return {"id": said.known, "aliases": names}
    if said.type is None:
        raise UsageError(
            f"{said.name!r} is a new actor and has no type", remedy="add --type, for example --type company"
        )
    entry: dict[str, Value] = {"id": said.id or as_id(said.name)[:32], "name": said.name, "type": said.type}
    if said.country is not None:
        entry["country"] = said.country
    if said.unless:
        # The name itself is limited by being written as an alias with limits.
        names.insert(0, _alias(said.name, said, case=False))
    return {**entry, "aliases": names} if names else entry


def _alias(text: str, said: Said, *, case: bool) -> Value:
    if not case and not said.unless:
        return text
    alias: dict[str, Value] = {"text": text}
    if case:
        alias["case"] = "true"
    if said.unless:
        alias["unless"] = list(said.unless)
    return alias


def official_entry(
    name: str, actor: str, role: str, start: date, until: date | None, today: date, source: str
) -> dict[str, Value]:
    """Return the entry of somebody who acts for ``actor``; an end that nobody knows is left open, as of ``today``."""
    held: dict[str, Value] = {"name": name, "role": role, "from": start.isoformat()}
    if until is not None:
        held["until"] = until.isoformat()
    held |= {"source": source, "as_of": today.isoformat()}
    return {"id": actor, "officials": [held]}
