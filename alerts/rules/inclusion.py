"""What a rule file includes: sets and defaults that several files share. Who calls says how a named text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alerts.rules.actor_grammar import Sets
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import RulesError, clipped
from alerts.rules.readers import Items, JsonSchema, Reader, Reading, Text
from alerts.rules.shared_grammar import SHARED, Standing, standing_of
from alerts.rules.yaml_tree import Mapping_, Node, parse
from schemas.errors import UsageError


class Included(Reader[Standing]):
    """Names of files, each of which holds ``sets`` and ``defaults`` and no more. The sets join those of the reading."""

    _names = Items(Text(max_characters=200), or_one=True, most=20)

    def read(self, node: Node, path: str, reading: Reading) -> Standing | None:
        """Return the defaults of all of them, those of a later one first."""
        names = self._names.read(node, path, reading)
        if names is None:
            return None
        if len(set(names)) < len(names):
            reading.wrong(node, path, "a file is included twice", "name it once")
            return None
        found = Standing()
        for name in names:
            standing = self._of(name, node, path, reading)
            found = standing.over(found) if standing is not None else found
        return found

    def schema(self) -> JsonSchema:
        """A name or names."""
        return self._names.schema()

    def _of(self, name: str, node: Node, path: str, reading: Reading) -> Standing | None:
        try:
            root = parse(reading.included(name), name)
        except RulesError as error:
            reading.mistakes.extend(error.mistakes)
            return None
        except UsageError as error:
            remedy = "name a file beside this one, or in a folder below it"
            reading.wrong(node, path, f"{clipped(name)!r} cannot be included: {error}", error.remedy or remedy)
            return None
        # Its mistakes are its own: they carry its name and its lines.
        return _SHARED_FILE.read(root, "", replace(reading, file=name))


def _standing(values: Values) -> Standing:
    return values.get_or(DEFAULTS, Standing())


SETS = Key("sets", Sets(), "Actors under one name; stands wherever an actor may.")
DEFAULTS = Key("defaults", Fields(SHARED, standing_of), "What the rules of this file have unless they say otherwise.")
INCLUDE = Key("include", Included(), "Files whose sets and defaults hold here too; what this file says goes first.")

_NO_RULES = "name the file in the settings instead: a file that is included has sets and defaults only"
_SHARED_FILE = Fields((SETS, DEFAULTS), _standing, later={"rules": _NO_RULES, "include": _NO_RULES})


def read_first(root: Node) -> Node:
    """Return ``root`` with what the rules refer to before the rules, wherever it stands."""
    if not isinstance(root, Mapping_):
        return root
    order: Sequence[str] = (INCLUDE.name, SETS.name, DEFAULTS.name)
    place = {name: n for n, name in enumerate(order)}
    return replace(root, entries=dict(sorted(root.entries.items(), key=lambda entry: place.get(entry[0], len(place)))))
