"""What a rule file includes: sets and defaults that several files share. Who calls says how a named text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alerts.rules.actor_grammar import Sets
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import RulesError, clipped
from alerts.rules.readers import Items, JsonSchema, Reader, Text
from alerts.rules.reading import Reading
from alerts.rules.shared_grammar import SHARED, UNSURE, Standing, standing_of
from alerts.rules.yaml_tree import Mapping_, Node, readable
from schemas.errors import UsageError


class Included(Reader[Standing]):
    """Names of files, each of which holds ``sets`` and ``defaults`` and no more. The sets join those of the reading."""

    _names = Items(Text(max_characters=200), or_one=True, most=20)

    def read(self, node: Node, path: str, reading: Reading) -> Standing | None:
        """Return the defaults of all of them, those of a later one first."""
        names = self._names.read(node, path, reading)
        if names is None:
            reading.sets_missing = True
            reading.keep_part(node, self, UNSURE)
            return None
        if len(set(names)) < len(names):
            reading.wrong(node, path, "a file is included twice", "name it once")
        before, found = reading.noted, Standing()
        for name in dict.fromkeys(names):
            found = self._of(name, node, path, reading).over(found)
        reading.keep_part(node, self, found)
        return found if reading.noted == before and len(set(names)) == len(names) else None

    def schema(self) -> JsonSchema:
        """A name or names."""
        return self._names.schema()

    def _of(self, name: str, node: Node, path: str, reading: Reading) -> Standing:
        """Return the defaults of one file, as far as they are right."""
        try:
            root, mistakes = readable(reading.included(name), name)
        except RulesError as error:
            reading.mistakes.extend(error.mistakes)
            reading.sets_missing = True
            return UNSURE
        except UsageError as error:
            remedy = "name a file beside this one, or in a folder below it"
            reading.wrong(node, path, f"{clipped(name)!r} cannot be included: {error.message}", error.remedy or remedy)
            reading.sets_missing = True
            return UNSURE
        reading.mistakes.extend(mistakes)
        # Its mistakes are its own: they carry its name and its lines.
        found = _SHARED_FILE.read(root, "", replace(reading, file=name))
        part = reading.part(root, _SHARED_FILE)
        return found or (part if isinstance(part, Standing) else UNSURE)


def _standing(values: Values) -> Standing:
    return defaults_in(values, DEFAULTS)


def defaults_in(values: Values, key: Key[Standing]) -> Standing:
    """Return the defaults under ``key``, as far as they are right."""
    return values.get_or(key, Standing() if values.sure(key) else UNSURE)


SETS = Key("sets", Sets(), "Actors under one name; stands wherever an actor may.")
DEFAULTS = Key(
    "defaults",
    Fields(SHARED, standing_of, part=standing_of),
    "What the rules of this file have unless they say otherwise.",
)
INCLUDE = Key("include", Included(), "Files whose sets and defaults hold here too; what this file says goes first.")

_ELSEWHERE = {
    "rules": (
        "a file that is included holds sets and defaults, no rules",
        "name it in the settings instead of including it",
    ),
    "include": (
        "a file that is included includes no other",
        "name both in the rule file: include: [one.yaml, other.yaml]",
    ),
}
_SHARED_FILE = Fields((SETS, DEFAULTS), _standing, elsewhere=_ELSEWHERE, part=_standing)


def read_first(root: Node) -> Node:
    """Return ``root`` with what the rules refer to before the rules, wherever it stands."""
    if not isinstance(root, Mapping_):
        return root
    order: Sequence[str] = (INCLUDE.name, SETS.name, DEFAULTS.name)
    place = {name: n for n, name in enumerate(order)}
    return replace(root, entries=dict(sorted(root.entries.items(), key=lambda entry: place.get(entry[0], len(place)))))
