"""Names of actors for rules and for people, from the catalogue extraction uses. Loads no language model and no pipeline."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from pipelines.extraction.actors.catalogue import Catalogue, load_catalogue
from pipelines.extraction.actors.entries import ActorType
from pipelines.extraction.actors.folding import fold, spellings

_SUGGESTIONS = 5

#: Which names lead to an actor: a demonym or a capital in a rule would be a surprise ("Washington" may be the state).
_NAMING = {"name", "alias"}


class ActorDirectory:
    """The names of a catalogue, both ways. Pure look-ups in memory."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._ids: dict[str, str] = {}
        for alias in sorted(catalogue.aliases, key=lambda alias: (alias.kind != "name", alias.case)):
            if alias.kind in _NAMING:
                for spelling in spellings(alias.text):
                    self._ids.setdefault(spelling, alias.actor)
        self._adjectives: dict[str, str] = {}
        for alias in catalogue.aliases:
            if alias.kind == "demonym" and alias.text.isascii():
                self._adjectives.setdefault(alias.actor, alias.text)
        # An id always names itself, whatever else is called so.
        self._ids.update({fold(actor_id): actor_id for actor_id in catalogue.actors})

    @property
    def digest(self) -> str:
        """The hash of the catalogue behind the names."""
        return self._catalogue.digest

    def resolve(self, name_or_id: str) -> str | None:
        """Return the id of the actor called so (case, accents, dashes and a leading "the" overlooked), None when unknown."""
        folded = " ".join(fold(name_or_id).split())
        for text in (folded, _bare(folded), folded.removeprefix("the ")):
            found = self._ids.get(text)
            if found is not None:
                return found
        return None

    def suggest(self, name: str) -> Sequence[str]:
        """Return names of actors whose names or ids look like ``name``, best first, at most five: the id where a name is not
        enough to say who is meant."""
        close = get_close_matches(_bare(" ".join(fold(name).split())), self._ids, n=_SUGGESTIONS, cutoff=0.6)
        return tuple(self._called(actor) for actor in dict.fromkeys(self._ids[text] for text in close))

    def _called(self, actor_id: str) -> str:
        name = self.display_name(actor_id)
        return name if self.resolve(name) == actor_id else actor_id

    def type_of(self, actor_id: str) -> str | None:
        """Return the type of the actor with this id, None when unknown."""
        actor = self._catalogue.actors.get(actor_id)
        return actor.type if actor is not None else None

    def types(self) -> Collection[str]:
        """Return every type an actor may have."""
        return frozenset(get_args(ActorType))

    def display_name(self, actor_id: str) -> str:
        """Return the name of the actor for people; the id itself where it is unknown."""
        return self._catalogue.display_name(actor_id)

    def adjective(self, actor_id: str) -> str:
        """Return the first demonym of the actor that is written in English letters; its name where there is none."""
        return self._adjectives.get(actor_id) or self.display_name(actor_id)


def actor_directory(own_files: Sequence[Path] = ()) -> ActorDirectory:
    """Return the names of the built-in actors and of ``own_files``.

    :raises UsageError: mistakes in the files, all of them.
    """
    return ActorDirectory(load_catalogue(own_files))


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))
