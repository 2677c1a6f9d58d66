"""Rows of watches by words, state and rule. Case, accents and dashes are overlooked, as in rules. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pipelines.pages.watch_rows import WatchRow

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−→>-", " "))


def matching(rows: Sequence[WatchRow], *, words: str = "", state: str = "", rule: str = "") -> list[WatchRow]:
    """Return the rows in which every one of ``words`` occurs, of ``state`` and ``rule`` where those are not empty."""
    wanted = _folded(words).split()
    return [
        row
        for row in rows
        if (not state or row.state.value == state)
        and (not rule or row.rule == rule)
        and (not wanted or all(word in _text(row) for word in wanted))
    ]


def _text(row: WatchRow) -> str:
    return _folded(f"{row.name} {row.key} {row.rule} {row.severity.value}")


def _folded(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.casefold().translate(_DASHES)
