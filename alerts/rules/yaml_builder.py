"""Events of YAML → a tree, without recursion and without building anything but text; what is refused is noted with its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from alerts.rules.mistakes import Mistake, clipped
from alerts.rules.yaml_nodes import Mapping_, Node, Scalar, Sequence_, refused

MAX_DEPTH = 50

#: Enough to see that a file is not meant as rules; the rest of it is not read.
_MAX_MISTAKES = 1_000
_MAX_OF_A_KIND = 20

_ANCHORS = "anchors and aliases"


class TreeBuilder:
    """Puts events together; ``root`` is what can be read although there are ``mistakes``."""

    def __init__(self, file_name: str) -> None:
        self._file = file_name
        self.root: Node | None = None
        self._too_deep = False
        self._mistakes: list[Mistake] = []
        self._open: list[Sequence_ | Mapping_] = []
        self._keys: list[Scalar | None] = []  # Beside every open mapping the key that waits for its value.
        self._paths: list[str] = []  # Beside everything open the path to it.
        self._documents = 0
        self._often: dict[str, list[int]] = {}  # by kind of mistake: which one stands for all, how many more there are

    @property
    def hopeless(self) -> bool:
        """Whether so much is refused that the rest is not worth reading: nobody meant rules by it."""
        return (
            self._too_deep
            or len(self._mistakes) >= _MAX_MISTAKES
            or any(more >= _MAX_OF_A_KIND for _, more in self._often.values())
        )

    @property
    def full(self) -> bool:
        """Whether nothing more is to be taken."""
        return self._too_deep or len(self._mistakes) >= _MAX_MISTAKES

    def take(self, event: Any) -> None:  # Any: ruamel.yaml's events share no typed base worth naming
        """Put one event in its place."""
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            self._document(event, line)
        elif isinstance(event, AliasEvent):
            message = f"an alias (*{clipped(event.anchor)}) is not allowed"
            self.refuse(line, message, "write the value out where it is used", kind=_ANCHORS)
            self._place(refused(line))
        elif isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent)):
            self._node(event, line)
        elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            self._open.pop()
            self._keys.pop()
            self._paths.pop()

    def cut(self) -> None:
        """End here, in the middle: keep what is whole, of the rules too, and say of the rest only that it cannot be read."""
        if not self._open or self._open[0] is not self.root or not isinstance(self.root, Mapping_):
            return
        self.root.lost.append(self.root.line)
        if len(self._open) < 2 or not self.root.entries:
            return
        inner, (name, (key, value)) = self._open[1], next(reversed(self.root.entries.items()))
        if isinstance(inner, Sequence_) and value is inner:
            del inner.items[-1 if len(self._open) > 2 else len(inner.items) :]
        elif value is inner:
            self.root.entries[name] = (key, refused(key.line))

    def refuse(self, line: int, message: str, remedy: str, *, kind: str = "", path: str | None = None) -> None:
        """Note a mistake; of one ``kind`` the first stands for all, so that a bomb of them is one clear error."""
        if kind in self._often:
            self._often[kind][1] += 1
            return
        if kind:
            self._often[kind] = [len(self._mistakes), 0]
        self._mistakes.append(Mistake(self._file, line, self._path() if path is None else path, message, remedy))

    def all_mistakes(self) -> list[Mistake]:
        """Return the mistakes, each that stands for several with how many more there are."""
        found = list(self._mistakes)
        for kind, (place, more) in self._often.items():
            if more:
                found[place] = replace(found[place], message=f"{found[place].message} (and {more:,} more {kind})")
        return found

    def _document(self, event: Any, line: int) -> None:  # Any: see take
        self._documents += 1
        if self._documents > 1:
            self.refuse(line, "a second document begins here", "one file holds one document: remove the ---")
        if event.version or event.tags:
            self.refuse(line, "directives (%YAML, %TAG) are not allowed", "remove the line that begins with %")

    def _node(self, event: Any, line: int) -> None:  # Any: see take
        if event.anchor is not None:
            message = f"an anchor (&{clipped(event.anchor)}) is not allowed"
            self.refuse(line, message, "write the value out where it is used", kind=_ANCHORS)
        if event.tag is not None:
            message = f"a tag ({clipped(str(event.tag))}) is not allowed"
            self.refuse(line, message, "remove it; quote a value that is to be text", kind="tags")
        path = self._path()
        if isinstance(event, ScalarEvent):
            written = Scalar(line, event.value, quoted=event.style is not None)
            self._place(written if event.tag is None else refused(line))
            return
        node = Sequence_(line) if isinstance(event, SequenceStartEvent) else Mapping_(line)
        self._place(node if event.tag is None else refused(line), seen=node)
        self._open.append(node)
        self._keys.append(None)
        self._paths.append(path)
        if len(self._open) > MAX_DEPTH:
            self._too_deep = True
            message, remedy = f"nested more than {MAX_DEPTH} levels deep", "rules need six or seven: flatten it"
            self.refuse(line, message, remedy, path="")

    def _place(self, node: Node, *, seen: Node | None = None) -> None:
        """Put ``node`` where the last event left off; ``seen`` is what really stands there."""
        if not self._open:
            self.root = self.root or node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence_):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._as_key(seen or node)
            return
        self._keys[-1] = None
        if key.refused:
            parent.lost.append(key.line)
        elif key.text in parent.entries:
            first = parent.entries[key.text][0].line
            message = f"the key {clipped(key.text)!r} is here twice (first on line {first})"
            self.refuse(key.line, message, "keep one of them", path=_inside(self._paths[-1], key.text))
            parent.again.append((key, node))
        else:
            parent.entries[key.text] = (key, node)

    def _as_key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self.refuse(node.line, "a list or mapping cannot be a key", "a key is one word")
            return refused(node.line)
        if node.text == "<<" and not node.quoted:
            self.refuse(node.line, "a merge key (<<) is not allowed", "write the keys out")
            return refused(node.line)
        return node

    def _path(self) -> str:
        """Return the path to what comes next."""
        if not self._open:
            return ""
        parent, key = self._open[-1], self._keys[-1]
        if isinstance(parent, Sequence_):
            return f"{self._paths[-1]}[{len(parent.items)}]"
        return self._paths[-1] if key is None else _inside(self._paths[-1], key.text)


def _inside(path: str, key: str) -> str:
    return f"{path}.{clipped(key)}" if path else clipped(key)
