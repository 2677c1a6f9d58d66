"""Names for people: actors by id, and keys as a headline writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from schemas.plain_text import plain_line

#: A pair of actor ids: ``AZE-RUS`` either way, ``AZE>RUS`` directed.
_PAIR = re.compile(r"([A-Z][A-Z0-9_]*)([->])([A-Z][A-Z0-9_]*)")
_ACTOR = re.compile(r"[A-Z][A-Z0-9_]*")
_JOINT = {"-": "–", ">": " → "}


class ActorNames(Protocol):
    """What an actor is called."""

    def display_name(self, actor_id: str) -> str:
        """Return the name of ``actor_id`` for people; the id itself where it has none."""
        ...

    def adjective(self, actor_id: str) -> str:
        """Return what belongs to ``actor_id`` is called (``Russian``); its name where it has no such word."""
        ...


class NamesById:
    """Names from a mapping; an actor that is not in it is called by its id."""

    def __init__(self, names: dict[str, str] | None = None, adjectives: dict[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._adjectives = dict(adjectives or {})

    def display_name(self, actor_id: str) -> str:
        """Return the name, or the id."""
        return self._names.get(actor_id, actor_id)

    def adjective(self, actor_id: str) -> str:
        """Return the adjective, or the name."""
        return self._adjectives.get(actor_id) or self.display_name(actor_id)


#: How the key of a rule about words begins, and that of a rule about one topic or several together.
_KEYWORD, _TOPIC = "keyword:", "topic:"


def is_of_words(key: str) -> bool:
    """Return whether ``key`` is the one key of a rule about words; it says no more than the rule's name."""
    return key.startswith(_KEYWORD)


def key_name(rule: str, key: str, names: ActorNames, words: Sequence[str] = ()) -> str:
    """Return a key as people say it: ``Azerbaijan–Russia``, ``Azerbaijan → Russia``, ``Azerbaijan``, a topic; the words that
    a rule about words looks for, and its name where they are not known."""
    pair = _PAIR.fullmatch(key)
    if pair is not None:
        source, joint, target = pair.groups()
        return plain_line(f"{names.display_name(source)}{_JOINT[joint]}{names.display_name(target)}")
    if _ACTOR.fullmatch(key) is not None:
        return plain_line(names.display_name(key))
    if key.startswith(_TOPIC):
        return plain_line(key.removeprefix(_TOPIC).replace("_", " "))
    if is_of_words(key):
        return plain_line(", ".join(words)) or plain_line(key.removeprefix(_KEYWORD))
    return plain_line(key) or plain_line(rule)
