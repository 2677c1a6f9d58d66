"""Operating-system processes that are told once what to do and then tell what they find, a line of JSON at a time.

    opening ──▶ stdin of a process ──▶ messages on its stdout, as they come, and that they are all

A process that nobody listens to any more ends with its next message, so none outlives the one that started it for long.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from pipelines.replay.worker_processes import Message, own_stdout, start
from schemas.errors import FatalError, TocsinError

#: Messages that are held for whoever listens; a process that is so far ahead waits.
_AHEAD = 20_000

#: Room for all that can still come of a process that was killed.
_ALL_THAT_IS_LEFT = 1 << 20

_END = {"end": True}


class TellingProcess:
    """A process that runs ``module`` and was told ``opening``; it is killed at the end of the block.

    ``held`` are numbers of open files that it has open, too, by the same numbers.
    """

    def __init__(self, module: str, opening: Message, held: Collection[int] = ()) -> None:
        self._process = start(module, held)
        self._room = threading.Semaphore(_AHEAD)
        self._heard: SimpleQueue[str | None] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen, args=(opening,), daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Its number in the operating system."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._room.release(_ALL_THAT_IS_LEFT)
        self._listener.join()

    def messages(self) -> Iterator[Message]:
        """Yield what it tells, until that was all.

        :raises FatalError: it ended before.
        :raises TocsinError: it told of an error.
        """
        while (line := self._heard.get()) is not None:
            self._room.release()
            message: Message = json.loads(line)
            if message == _END:
                return
            if "error" in message:
                raise FatalError(str(message["error"]), remedy=str(message["remedy"]))
            yield message
        raise FatalError(
            f"process {self.pid} ended with code {self._process.wait()} before its work was done",
            remedy="see above for its last words, then start again",
        )

    def _listen(self, opening: Message) -> None:
        assert self._process.stdin is not None, "opened as a pipe"
        assert self._process.stdout is not None, "opened as a pipe"
        try:
            with self._process.stdin as told:
                told.write(f"{json.dumps(opening)}\n")
            with self._process.stdout as said:
                for line in said:
                    self._room.acquire()
                    self._heard.put(line)
        except OSError:
            pass  # It ended, and says so by having told no end.
        self._heard.put(None)


def tell(work: Callable[[Message, Callable[[Message], None]], None]) -> None:
    """Be such a process: do ``work``, which is given the opening and what it tells messages with."""
    said = own_stdout()

    def say(message: Message) -> None:
        said.write(f"{json.dumps(message)}\n")
        said.flush()

    try:
        try:
            opening = sys.stdin.readline()
            if not opening.endswith("\n"):
                return  # Whoever started it was killed before the whole of it was told.
            work(json.loads(opening), say)
            say(_END)
        except TocsinError as error:
            say({"error": error.message, "remedy": error.remedy})
    except BrokenPipeError:
        os._exit(1)  # Nobody listens.
