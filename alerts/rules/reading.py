"""One reading of one file: what names mean in it, every mistake so far, and what is right of values that are wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from alerts.rules.directory import ActorDirectory
from alerts.rules.mistakes import Mistake
from alerts.rules.model import ActorSet
from alerts.rules.yaml_tree import Node, Scalar
from schemas.errors import UsageError


def no_text(name: str) -> str:
    """Refuse to include ``name``: rules that come from no folder include nothing."""
    raise UsageError("these rules come from no folder, so nothing can be included")


@dataclass
class Reading:
    """One reading of one file: what names mean in it, and every mistake so far. ``topics`` None = ids are not checked.

    ``understands`` tells whether tone, topics and direction are read in a language; None = in all.
    ``included`` returns the text of a file that is included; it raises :class:`UsageError` with why it cannot.
    ``parts`` is what is right of values that are wrong as a whole, so that one mistake hides no other.
    """

    file: str
    actors: ActorDirectory
    topics: Collection[str] | None = None
    understands: Callable[[str], bool] | None = None
    sets: dict[str, ActorSet] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    included: Callable[[str], str] = no_text
    sets_missing: bool = False
    parts: dict[tuple[int, int], tuple[Node, object]] = field(default_factory=dict)
    _refused: list[int] = field(default_factory=list)

    @property
    def noted(self) -> int:
        """How many values were wrong so far."""
        return len(self.mistakes) + len(self._refused)

    def wrong(self, node: Node, path: str, message: str, remedy: str = "") -> None:
        """Note a mistake at ``node``, unless what stood there is one that is noted already."""
        if isinstance(node, Scalar) and node.refused:
            self._refused.append(node.line)
            return
        self.mistakes.append(Mistake(self.file, node.line, path, message, remedy))

    def keep_part(self, node: Node, reader: object, part: object) -> None:
        """Keep what ``reader`` found right of ``node``, which is wrong as a whole."""
        self.parts[id(node), id(reader)] = (node, part)  # The node stays, so that no other can have its id.

    def part(self, node: Node, reader: object) -> object | None:
        """Return what ``reader`` found right of ``node``."""
        return self.parts.get((id(node), id(reader)), (node, None))[1]
