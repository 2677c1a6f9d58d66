"""Which windows of which keys crossed, known at every moment without asking every key: what changed is asked about again.

    counts of a key changed ──▶ its windows from that hour on are asked about again
    an hour opened, an exposure changed ──▶ every key is screened: those that may cross there are asked about

A window that nothing happened to is never asked about twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import Protocol

from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict


class Windows(Protocol):
    """What is asked, given with every call: a track that held itself would outlive its rule."""

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``: all screened at once, none left out."""
        ...

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return the verdict over the windows that end with ``hour`` where it crossed."""
        ...


class Crossings:
    """The crossed windows that end with the newest hour or one of the 24 before it."""

    def __init__(self) -> None:
        self._first = self._newest = 0
        self._unscreened: set[int] = set()
        self._to_ask: dict[str, Set[int]] = {}
        self._newest_alone: Set[int] = frozenset()  # what most keys are to be asked about, one for all of them
        self._crossed: dict[str, dict[int, Verdict]] = {}

    def start(self, first_hour: int, newest: int) -> None:
        """Begin with nothing known about the windows that end with ``first_hour..newest``."""
        self._first = first_hour
        self._begin(newest)
        self.all_changed(first_hour)

    def opened(self, hour: int) -> None:
        """Take note that windows may end with ``hour`` now; the oldest ones are forgotten."""
        self._begin(hour)
        self._unscreened.add(hour)
        oldest = self._oldest()
        self._to_ask = {
            k: kept for k, hours in self._to_ask.items() if (kept := frozenset(h for h in hours if h >= oldest))
        }
        self._keep_crossed(lambda known: known >= oldest)

    def _begin(self, newest: int) -> None:
        self._newest, self._newest_alone = newest, frozenset({newest})

    def passed(self, hours: Iterable[int]) -> None:
        """Take note that windows may end with ``hours`` now, of which none was asked about when it opened."""
        self._unscreened.update(hours)
        self.opened(max(self._unscreened))

    def counts_changed(self, key: str, hour: int) -> None:
        """Take note that ``key`` has another count in ``hour``."""
        newest = self._newest
        if hour > newest:
            return
        asked = self._to_ask.get(key)
        hours = self._newest_alone if hour == newest else frozenset(range(max(hour, self._oldest()), newest + 1))
        self._to_ask[key] = hours if asked is None else asked | hours
        if key in self._crossed:
            self._crossed[key] = {h: verdict for h, verdict in self._crossed[key].items() if h < hour}

    def all_changed(self, first_hour: int) -> None:
        """Take note that something under every window that ends with ``first_hour`` or later changed."""
        self._unscreened.update(range(max(first_hour, self._oldest()), self._newest + 1))
        self._keep_crossed(lambda known: known < first_hour)

    def of(self, windows: Windows, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return, in order of hours, what crossed of ``key`` in windows that end with ``first_hour..last_hour``."""
        if self._unscreened:
            self._screen(windows)
        for hour in self._to_ask.pop(key, ()):
            verdict = windows.crossed(key, hour)
            if verdict is not None:
                self._crossed.setdefault(key, {})[hour] = verdict
        crossed = self._crossed.get(key)
        if crossed is None:
            return []
        return [crossed[hour] for hour in sorted(crossed) if first_hour <= hour <= last_hour]

    def keys(self, windows: Windows) -> set[str]:
        """Return the keys of which :meth:`of` may have something to tell."""
        if self._unscreened:
            self._screen(windows)
        return self._to_ask.keys() | self._crossed.keys()

    def known(self, key: str, hour: int) -> Verdict | None:
        """Return the verdict of a window that is known to have crossed; None: it did not, or that is not known."""
        crossed = self._crossed.get(key)
        return None if crossed is None else crossed.get(hour)

    def any_crossed(self) -> bool:
        """Tell whether any window is known to have crossed."""
        return bool(self._crossed)

    def _oldest(self) -> int:
        return max(self._first, self._newest - OPEN_TO_CHANGE_HOURS)

    def _screen(self, windows: Windows) -> None:
        oldest = self._oldest()
        hours, self._unscreened = sorted(h for h in self._unscreened if h >= oldest), set()
        for hour in hours:
            for key in windows.candidates(hour):
                self._to_ask[key] = self._to_ask.get(key, frozenset()) | {hour}

    def _keep_crossed(self, wanted: Callable[[int], bool]) -> None:
        kept = {key: {h: v for h, v in known.items() if wanted(h)} for key, known in self._crossed.items()}
        self._crossed = {key: known for key, known in kept.items() if known}
