"""The ``any``/``all``/``none`` of a grammar, and its short forms: one item, or a list that stands for ``any``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from alerts.rules.fields import Fields, Key, Values
from alerts.rules.readers import Items, JsonSchema, Reader
from alerts.rules.reading import Reading
from alerts.rules.yaml_tree import Mapping_, Node

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True)
class AnyAllNone(Generic[T]):
    """At least one of ``any``, every one of ``all``, not one of ``none``; at least one of the three is not empty."""

    any: tuple[T, ...] = ()
    all: tuple[T, ...] = ()
    none: tuple[T, ...] = ()


class Groups(Reader[P]):
    """Items in groups. A mapping with one of ``item_keys`` in it is a single item. Without ``has_all`` there is no ``all``.

    Of groups in which something is wrong the part is what is right.
    """

    def __init__(
        self,
        item: Reader[T],
        make: Callable[[AnyAllNone[T]], P],
        *,
        item_keys: frozenset[str] = frozenset(),
        has_all: bool = True,
    ) -> None:
        several = Items(item, or_one=True)
        any_of = Key("any", several, "At least one of these.")
        all_of = Key("all", several, "Every one of these.")
        none_of = Key("none", several, "Not one of these, anywhere in the article.")

        def build(values: Values) -> P:
            return make(AnyAllNone(values.get_or(any_of, ()), values.get_or(all_of, ()), values.get_or(none_of, ())))

        self._groups: Fields[P] = Fields(
            (any_of, all_of, none_of) if has_all else (any_of, none_of),
            build,
            part=build,
            nothing=("nothing is listed here", "write any, all or none" if has_all else "write any or none"),
        )
        self._item_keys = item_keys
        self._short: Callable[[Node, str, Reading], P | None] = lambda node, path, reading: (
            None if (items := several.read(node, path, reading)) is None else make(AnyAllNone(any=items))
        )
        self._schema = several.schema

    def read(self, node: Node, path: str, reading: Reading) -> P | None:
        """Return what ``make`` makes of the groups."""
        if isinstance(node, Mapping_) and self._item_keys.isdisjoint(node.entries):
            found = self._groups.read(node, path, reading)
            if found is None and (part := reading.part(node, self._groups)) is not None:
                reading.keep_part(node, self, part)
            return found
        return self._short(node, path, reading)

    def schema(self) -> JsonSchema:
        """Either form."""
        return {"anyOf": [self._schema(), self._groups.schema()]}
