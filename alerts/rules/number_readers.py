"""Numbers of a grammar, whole and not: within bounds, and with the nearest that would do where they are not."""

from __future__ import annotations

import math
import re

from alerts.rules.readers import JsonSchema, Reader, described
from alerts.rules.reading import Reading
from alerts.rules.yaml_tree import Node, Scalar


class Number(Reader[float]):
    """A number of at least ``least``."""

    def __init__(self, *, least: float, most: float) -> None:
        self._least, self._most = least, most

    def read(self, node: Node, path: str, reading: Reading) -> float | None:
        """Return the number."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self._least <= value <= self._most:
            message = f"a number from {self._least:g} to {self._most:g} is needed, this is {described(node)}"
            reading.wrong(node, path, message, _nearest(_number_in(node), self._least, self._most))
            return None
        return float(value)

    def schema(self) -> JsonSchema:
        """A number."""
        return {"type": "number", "minimum": self._least, "maximum": self._most}


def _number_in(node: Node) -> float | None:
    """Return the number that is written, or meant where it stands in quotes or its digits are set in groups; else None."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str):
        plain = re.sub(r"(?<=[0-9])[ _,\u00a0\u202f](?=[0-9]{3}(?![0-9]))", "", value)
        value = Scalar(node.line, plain, quoted=False).value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _nearest(number: float | None, least: float, most: float, *, whole: bool = False) -> str:
    """Return a number that would do, the nearest to what is written."""
    wanted = (least if number is None or not number >= least else min(number, most)) or 1
    return f"write for example {math.ceil(wanted) if whole else wanted:.10g}"


class Whole(Reader[int]):
    """A whole number of at least ``least``."""

    def __init__(self, *, least: int, most: int = 1_000_000) -> None:
        self._least, self._most = least, most

    def read(self, node: Node, path: str, reading: Reading) -> int | None:
        """Return the number."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int) or not self._least <= value <= self._most:
            message = f"a whole number from {self._least:,} to {self._most:,} is needed, this is {described(node)}"
            reading.wrong(node, path, message, _nearest(_number_in(node), self._least, self._most, whole=True))
            return None
        return value

    def schema(self) -> JsonSchema:
        """An integer."""
        return {"type": "integer", "minimum": self._least, "maximum": self._most}
