"""Records laid out by the day they come on, in files: an order can be changed without holding years in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from schemas.ids import from_milliseconds

#: Lines held in memory before they are written to their days.
_HELD = 5_000


class DaySpool:
    """Lines in ``folder``, which is empty at first; of one day they come back in the order they were put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[date, list[bytes]] = defaultdict(list)
        self._number = 0

    def put(self, at_ms: int, line: bytes) -> None:
        """Keep ``line``, which has no line break, for the UTC day of ``at_ms``."""
        self._held[from_milliseconds(at_ms).date()].append(b"%d\t%s\n" % (at_ms, line))
        self._number += 1
        if self._number % _HELD == 0:
            self._write()

    def days(self) -> list[date]:
        """Return the days that have lines, in order."""
        self._write()
        return sorted(date.fromisoformat(path.stem) for path in self._folder.glob("*.lines"))

    def lines(self, day: date) -> Iterator[tuple[int, bytes]]:
        """Yield the time and the bytes of each line of ``day``."""
        self._write()
        path = self._path(day)
        if not path.exists():
            return
        with path.open("rb") as file:
            for line in file:
                at, _, rest = line.rstrip(b"\n").partition(b"\t")
                yield int(at), rest

    def _write(self) -> None:
        for day, lines in self._held.items():
            with self._path(day).open("ab") as file:
                file.writelines(lines)
        self._held.clear()

    def _path(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.lines"
