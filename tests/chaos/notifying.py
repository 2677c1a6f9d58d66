"""A notifier that is killed at its n-th step towards the store or a receiver, for every n. Run as a script with a folder.

    base.db ──copy──▶ n.db ──fork──▶ notifier, SIGKILL at point n ──▶ n.db, n.taken (what receivers took until then)

One process that forks, because starting an interpreter for each point would take minutes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any  # whatever a method of the store takes and returns

from alerts.explanation.names import NamesById
from connectors.clock import ManualClock
from connectors.store.open import open_store
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
from schemas.ports.channel import Message, Outcome
from tests.unit.notify.world import START

RECEIVERS = ("phone", "mail")

#: A run that never ends is a defect, and so is one with so many points.
_MOST_POINTS = 500


class Deadly:
    """Kills this process at the ``n``-th point."""

    def __init__(self, n: int) -> None:
        self._left = n

    def point(self) -> None:
        """Pass a point, or die at it."""
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


class DeadlyStore:
    """A store with a point before and after each call."""

    def __init__(self, store: Any, deadly: Deadly) -> None:
        self._store = store
        self._deadly = deadly

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self._deadly.point()
            found = getattr(self._store, name)(*given, **named)
            self._deadly.point()
            return found

        return call


class Taking:
    """A receiver that notes what it took where a kill cannot lose it."""

    def __init__(self, receiver: str, taken: Path, deadly: Deadly) -> None:
        self.receiver = receiver
        self._taken = taken
        self._deadly = deadly

    async def send(self, message: Message) -> Outcome:
        """Take ``message``, with a point before and after."""
        self._deadly.point()
        note(self._taken, self.receiver, message)
        self._deadly.point()
        return Outcome(result="delivered", detail="taken")

    async def close(self) -> None:
        """Nothing is open."""


def note(taken: Path, receiver: str, message: Message) -> None:
    """Write down what ``receiver`` took: receiver, message id, alert, seq."""
    event = message.event
    assert event is not None
    line = f"{receiver} {message.message_id} {event.alert_id} {event.seq}\n"
    descriptor = os.open(taken, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def _work(folder: Path, n: int) -> None:
    """Be the notifier that dies at point ``n``, or ends well where there are fewer."""
    deadly, clock = Deadly(n), ManualClock(START)
    store = open_store(f"sqlite:///{folder / f'{n}.db'}")
    notifier = Notifier(
        DeadlyStore(store, deadly),
        [Taking(name, folder / f"{n}.taken", deadly) for name in RECEIVERS],
        [Receiver(name) for name in RECEIVERS],
        names=NamesById(),
        clock=clock,
        settings=NotifySettings(owner="killed"),
    )
    while asyncio.run(notifier.step(clock.now())):
        clock.sleep(1.0)


def main(folder: Path) -> None:
    """Kill a notifier at every point; print how many there were."""
    for n in range(_MOST_POINTS):
        shutil.copy(folder / "base.db", folder / f"{n}.db")
        child = os.fork()
        if child == 0:
            _work(folder, n)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            sys.stdout.write(f"{n}\n")
            return
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, f"point {n} ended otherwise"
    raise SystemExit("it never ended well")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
