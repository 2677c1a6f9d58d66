"""The port of names: what the rule language asks of a catalogue of actors, and a small one for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol


class ActorDirectory(Protocol):
    """Who is who. Pure look-ups in memory: no blocking, no errors, the same answer every time."""

    def resolve(self, name_or_id: str) -> str | None:
        """Return the id of the actor called so (case and accents overlooked; an id names itself), None when unknown."""
        ...

    def suggest(self, name: str) -> Sequence[str]:
        """Return names or ids that look like ``name``, best first, at most a handful."""
        ...

    def type_of(self, actor_id: str) -> str | None:
        """Return the type of the actor with this id (``country``, ``company``, …), None when unknown."""
        ...

    def types(self) -> Collection[str]:
        """Return every type there is."""
        ...


class FixedDirectory:
    """A directory over a fixed table, ``{id: (type, name, other names…)}``, for tests and examples."""

    def __init__(self, actors: Mapping[str, tuple[str, ...]]) -> None:
        self._types = {actor: words[0] for actor, words in actors.items()}
        self._ids = {name.casefold(): actor for actor, words in actors.items() for name in (*words[1:], actor)}

    def resolve(self, name_or_id: str) -> str | None:
        """Return the id, whatever the case of the name."""
        return self._ids.get(name_or_id.casefold())

    def suggest(self, name: str) -> Sequence[str]:
        """Return ids whose name or id is spelt nearly so."""
        close = get_close_matches(name.casefold(), self._ids, n=3, cutoff=0.6)
        return tuple(dict.fromkeys(self._ids[word] for word in close))

    def type_of(self, actor_id: str) -> str | None:
        """Return the type of the actor."""
        return self._types.get(actor_id)

    def types(self) -> Collection[str]:
        """Return the types in the table."""
        return frozenset(self._types.values())
