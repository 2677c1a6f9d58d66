"""A pytest run as one of several lanes side by side: each takes whole files from one list until none is left.

    file 1  file 2  file 3 …          … file n
    lane 1 ──▶      lane 3 ──▶      ◀── lane 2        a file is taken by making a file with its number: one lane can

Files are taken when a lane comes to them, so the lanes end at nearly the same time on any machine, and no durations have
to be recorded. What every lane ran is written down; who started them adds it up (``tests/__main__.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest


@dataclass
class Lane:
    """One of the lanes; ``place`` is where its way through the files begins, see :func:`ways`."""

    number: int
    folder: Path
    ran: list[str] = field(default_factory=list)
    collected: int = 0

    def takes(self, file: int) -> bool:
        """Take the file with this number; False where another lane has it."""
        try:
            (self.folder / f"taken-{file}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def items(self, files: Sequence[Sequence[pytest.Item]]) -> Iterator[pytest.Item]:
        """Yield the tests of each file that this lane takes."""
        for file in way(self.number, len(files)):
            if self.takes(file):
                yield from files[file]

    def write_down(self) -> None:
        """Write what was collected and what was run."""
        told = {"collected": self.collected, "ran": self.ran}
        (self.folder / f"lane-{self.number}.json").write_text(json.dumps(told), encoding="utf-8")


def way(lane: int, files: int) -> Sequence[int]:
    """Return the numbers of the files in the order in which ``lane``, counted from 0, comes to them: the first from the
    front, the second from the back, each further one from a fifth of the way: behind those tests that mostly wait."""
    every = range(files)
    if lane == 1:
        return every[::-1]
    begin = 0 if lane == 0 else files // 5
    return [*every[begin:], *every[:begin]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what whoever starts the lanes says."""
    parser.addoption("--lane", type=int, help="the number of this lane, from 0")
    parser.addoption("--lanes-folder", type=Path, help="where the lanes meet")


_LANE = pytest.StashKey[Lane]()


def pytest_configure(config: pytest.Config) -> None:
    """Take the place in the lanes."""
    config.stash[_LANE] = Lane(config.getoption("--lane"), config.getoption("--lanes-folder"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run what this lane takes, in pytest's own way."""
    if session.testsfailed:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    lane = session.config.stash[_LANE]
    lane.collected = len(session.items)
    mine = lane.items([list(found) for _, found in groupby(session.items, key=lambda item: item.path)])
    item = next(mine, None)
    while item is not None:
        # Fixtures end with their last test, so the next one has to be known: the next file is taken a test early.
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        lane.ran.append(item.nodeid)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    lane.write_down()
    return True
