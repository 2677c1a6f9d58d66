"""A watch in a few words, as people type it at a prompt: ``Azerbaijan & Russia``, ``AZE>*``, ``keyword:TRIPP``, ``SOCAR``."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from alerts.rules.actor_grammar import split_pair
from alerts.rules.directory import ActorDirectory
from alerts.rules.load import load_watch
from alerts.rules.mistakes import Mistake, RulesError, clipped, one_of
from alerts.rules.model import Watch
from alerts.rules.reading import Reading

#: What a mistake names as its file.
_PLACE = "the watch"

#: What people write between the two of a pair.
_ARROWS = ("→", "=>", "➔")
_JOINED = re.compile(r"\s+(?:and|vs\.?|versus|with|x|on)\s+|\s*(?:→|=>|➔|↔|<->|—|/|\+|,)\s*", re.IGNORECASE)


def short_watch(text: str, directory: ActorDirectory, *, topics: Collection[str] | None = None) -> Watch:
    """Return the watch that ``text`` stands for: ``{…}`` as in a rule file, a pair, an actor, ``keyword:…``, ``topic:…``.

    :raises RulesError: it is none of these; the mistake suggests names that look like it.
    """
    bare = text.strip()
    if bare.startswith("{"):
        return load_watch(bare, _PLACE, directory, topics=topics)
    kind, _, rest = bare.partition(":")
    if kind == "keyword" and rest.strip():
        return _written({"keywords": rest.strip()}, directory, topics)
    if kind == "topic" and rest.strip():
        return _written({"topics": rest.strip()}, directory, topics)
    if directory.resolve(bare) is not None:
        return _written({"actor": bare}, directory, topics)
    if split_pair(bare, Reading(_PLACE, directory)) is not None or _meant_as_pair(bare, directory):
        return _written({"pair": bare}, directory, topics)
    pair = _pair_in_words(bare, directory)
    close = [pair] if pair else list(directory.suggest(bare[:80]))[:3]
    remedy = f"did you mean {one_of(close)}? " if close else ""
    remedy += "write a pair (Azerbaijan & Russia), an actor, keyword:WORDS, topic:ID, or {…} as in a rule file"
    raise RulesError([Mistake(_PLACE, 1, "", f"{clipped(bare)!r} is no rule, pair or actor", remedy)])


def _pair_in_words(text: str, directory: ActorDirectory) -> str:
    """Return the pair that ``text`` is in other words (``Baku and Moscow``, ``Baku → Moscow``) as it is written; "" = none."""
    for found in _JOINED.finditer(text[:200]):
        one, other = text[: found.start()].strip(), text[found.end() :].strip()
        if directory.resolve(one) is not None and directory.resolve(other) is not None:
            return f"{one} {'>' if found[0].strip() in _ARROWS else '&'} {other}"
    return ""


def _meant_as_pair(text: str, directory: ActorDirectory) -> bool:
    """Tell whether ``text`` is a pair although some side of it is nobody: the mistake is told of that side then."""
    for sign in (">", "&", "-", "–"):
        sides = [side.strip() for side in text.split(sign)]
        if len(sides) == 2 and all(sides):
            # A dash may belong to a name, so one side at least must be somebody.
            return sign in ">&" or any(directory.resolve(side) is not None for side in sides)
    return False


def _written(parts: dict[str, str], directory: ActorDirectory, topics: Collection[str] | None) -> Watch:
    # JSON is YAML: the grammar of files reads it, so that a short form cannot mean anything else.
    return load_watch(json.dumps(parts, ensure_ascii=False), _PLACE, directory, topics=topics)
