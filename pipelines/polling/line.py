"""Those who wait to send a request: so many at once in all, so many to one host. Pure.

Who waits for a slow host keeps nobody else waiting, and the next one is found without looking through the line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Line(Generic[Item]):
    """Gives turns in the order they are asked for, as far as hosts allow. A turn taken is to be left again."""

    def __init__(self, in_all: int, per_host: int) -> None:
        self._free = in_all
        self._per_host = per_host
        self._taken: dict[str, int] = {}
        self._ready: deque[tuple[str, Item]] = deque()
        self._held: dict[str, deque[Item]] = {}  # those whose host was busy when their turn came

    @property
    def turns(self) -> int:
        """Return how many more may be served now, at most."""
        return min(self._free, len(self._ready))

    def put(self, host: str, item: Item) -> None:
        """Let ``item`` wait for a turn with ``host``."""
        self._ready.append((host, item))

    def take(self) -> tuple[str, Item] | None:
        """Return the first whose host has room, with its host; None: nobody can be served now."""
        while self._free and self._ready:
            host, item = self._ready.popleft()
            if self.enter(host):
                self._free -= 1
                return host, item
            self._held.setdefault(host, deque()).append(item)
        return None

    def leave(self, host: str) -> None:
        """Give back a turn with ``host``."""
        self._free += 1
        self.exit(host)

    def enter(self, host: str) -> bool:
        """Take room at ``host`` within a turn that began elsewhere (a redirect led here); False: it has none."""
        taken = self._taken.get(host, 0)
        if taken >= self._per_host:
            return False
        self._taken[host] = taken + 1
        return True

    def exit(self, host: str) -> None:
        """Give back room at ``host``; who waits for it is next."""
        left = self._taken.pop(host) - 1
        if left:
            self._taken[host] = left
        held = self._held.get(host)
        if held:
            self._ready.appendleft((host, held.popleft()))
            if not held:
                del self._held[host]

    def drop(self, unwanted: Callable[[Item], bool]) -> None:
        """Send away those who are ``unwanted``."""
        self._ready = deque((host, item) for host, item in self._ready if not unwanted(item))
        for host in list(self._held):
            kept = deque(item for item in self._held[host] if not unwanted(item))
            self._held[host] = kept
            if not kept:
                del self._held[host]
