"""What is read next is read by another thread while the last is worked on. Items in, in order what was read of each out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Read = TypeVar("_Read")


def read_ahead(read: Callable[[_Item], _Read], items: Sequence[_Item]) -> Iterator[tuple[_Item, _Read]]:
    """Yield each of ``items`` with what ``read`` gives for it; of the one behind it is called at the same time.

    What it raises is raised when its turn comes. Closing the iterator waits for what is just read.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        ahead = reader.submit(read, items[0]) if items else None
        for number, item in enumerate(items):
            assert ahead is not None
            found = ahead.result()
            ahead = reader.submit(read, items[number + 1]) if number + 1 < len(items) else None
            yield item, found
