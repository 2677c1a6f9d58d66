"""Those who wait to send a request: so many at once in all, so many to one host. Pure.

Who waits for a slow host keeps nobody else waiting: a turn that lasts long moves to a place of its own kind, and those that
failed the last time begin in places of theirs. The next one is found without looking through the line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Place(IntEnum):
    """What kind of place a turn has; numbers, because a place is looked up several times for each request."""

    PROMPT = 0  # for those that are expected to answer
    DOUBTFUL = 1  # for those that failed the last time
    LONG = 2  # for those that turned out to take long


_BEGUN_IN = (Place.PROMPT, Place.DOUBTFUL)


class Places(NamedTuple):
    """How many places there are of each kind."""

    prompt: int
    long: int = 0
    doubtful: int = 0  # 0: who failed the last time waits with all others


class Line(Generic[Item]):
    """Gives turns in the order they are asked for, as far as places and hosts allow. A turn taken is to be left again."""

    def __init__(self, places: Places, per_host: int) -> None:
        self._free = [places.prompt, places.doubtful, places.long]  # by Place
        self._tells_doubtful = places.doubtful > 0
        self._per_host = per_host
        self._taken: dict[str, int] = {}
        self._ready: tuple[deque[tuple[str, Item]], ...] = (deque(), deque())  # by Place; nobody waits for a long one
        self._held: dict[str, deque[tuple[Place, Item]]] = {}  # those whose host was busy when their turn came

    @property
    def turns(self) -> int:
        """Return how many more may be served now, at most."""
        return sum(min(free, len(waiting)) for free, waiting in zip(self._free, self._ready, strict=False))

    def put(self, host: str, item: Item, *, doubtful: bool = False) -> None:
        """Let ``item`` wait for a turn with ``host``; ``doubtful``: it failed the last time."""
        place = Place.DOUBTFUL if doubtful and self._tells_doubtful else Place.PROMPT
        self._ready[place].append((host, item))

    def take(self) -> tuple[str, Item, Place] | None:
        """Return the first whose host has room, with its host and its place; None: nobody can be served now."""
        for place in _BEGUN_IN:
            waiting = self._ready[place]
            while waiting and self._free[place]:
                host, item = waiting.popleft()
                if self.enter(host):
                    self._free[place] -= 1
                    return host, item, place
                self._held.setdefault(host, deque()).append((place, item))
        return None

    def lasts(self) -> bool:
        """Move a turn from a prompt place to a long one; False: there is none."""
        if not self._free[Place.LONG]:
            return False
        self._free[Place.LONG] -= 1
        self._free[Place.PROMPT] += 1
        return True

    def leave(self, host: str, place: Place) -> None:
        """Give back a turn with ``host``."""
        self._free[place] += 1
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
            place, item = held.popleft()
            self._ready[place].appendleft((host, item))
            if not held:
                del self._held[host]

    def drop(self, unwanted: Callable[[Item], bool]) -> None:
        """Send away those who are ``unwanted``."""
        for waiting in self._ready:
            kept_ready = [one for one in waiting if not unwanted(one[1])]
            waiting.clear()
            waiting.extend(kept_ready)
        for host in list(self._held):
            kept = deque((place, item) for place, item in self._held[host] if not unwanted(item))
            self._held[host] = kept
            if not kept:
                del self._held[host]
