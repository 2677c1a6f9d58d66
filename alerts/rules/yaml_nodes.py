"""The tree of a YAML 1.2 file: values as they are written, lists and mappings, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: The core schema of YAML 1.2: everything else that is not quoted is text, ``no`` and ``22:00`` among it.
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Scalar:
    """A single value; ``text`` as written, ``quoted`` where quotes or a block make it text whatever it looks like.

    ``refused``: what stood here is a mistake that is noted already; nothing more is said of it.
    """

    line: int
    text: str
    quoted: bool
    refused: bool = False

    @property
    def value(self) -> Value:
        """What YAML 1.2 takes it for."""
        if self.quoted:
            return self.text
        if _NULL.fullmatch(self.text):
            return None
        if _TRUE.fullmatch(self.text):
            return True
        if _FALSE.fullmatch(self.text):
            return False
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        if _OTHER_INTEGER.fullmatch(self.text):
            return int(self.text, 0)
        if _NUMBER.fullmatch(self.text):
            return float(re.sub(r"\.(?=[a-zA-Z])", "", self.text))
        return self.text


@dataclass(frozen=True)
class Sequence_:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Mapping_:
    """Keys and their values, in the order of the file; each key once.

    ``again`` are keys that were there already, with their values: a mistake that is noted, as is why ``partial``.
    """

    line: int
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    again: list[tuple[Scalar, Node]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)  # lines of keys that could not be kept

    @property
    def partial(self) -> bool:
        """Whether it may have had keys that are not among ``entries``."""
        return bool(self.lost)


def refused(line: int) -> Scalar:
    """Return what stands in the tree for something that cannot be read."""
    return Scalar(line, "", quoted=True, refused=True)


Node = Scalar | Sequence_ | Mapping_
