"""Work handed to operating-system processes, a line of JSON at a time: each answers its task and is given the next.

    tasks ──▶ stdin of a free process ──▶ its answer on stdout ──▶ answers, as they come

A process ends when its stdin does, so none outlives the one that started it, however that ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from schemas.errors import FatalError, TocsinError

#: How long a process that was told to end may take over the task in its hands before it is killed.
LAST_TASK_S = 30.0

_ROOT = Path(__file__).resolve().parents[2]

#: What goes over the pipes: a JSON object.
Message = Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """What process ``pid`` made of one task."""

    pid: int
    value: Message


def answers(module: str, opening: Message, tasks: Sequence[Message], workers: int) -> Iterator[Answer]:
    """Yield the answers to ``tasks`` in the order they come, from ``workers`` processes that run ``module``.

    Each process is first told ``opening``, and each is given a task at once. Closing the iterator lets every process
    finish the task in its hands.

    :raises FatalError: a process ended without an answer.
    :raises TocsinError: a process answered with an error.
    """
    crew = _Crew(module, opening, deque(tasks), min(workers, len(tasks)))
    try:
        for _ in tasks:
            heard = crew.heard.get()
            if isinstance(heard, TocsinError):
                raise heard
            yield heard
    finally:
        crew.end()


class _Crew:
    """Processes, and a thread for each that talks to it."""

    def __init__(self, module: str, opening: Message, tasks: deque[Message], size: int) -> None:
        self.heard: SimpleQueue[Answer | TocsinError] = SimpleQueue()
        self._tasks = tasks
        self._processes = [start(module) for _ in range(size)]
        self._threads = [
            threading.Thread(target=self._employ, args=(process, opening, tasks.popleft()), daemon=True)
            for process in self._processes
        ]
        for thread in self._threads:
            thread.start()

    def _employ(self, process: subprocess.Popen[str], opening: Message, first: Message) -> None:
        """Give ``process`` tasks until there are none left."""
        assert process.stdin is not None, "opened as a pipe"
        assert process.stdout is not None, "opened as a pipe"
        task = first
        try:
            process.stdin.write(f"{json.dumps(opening)}\n")
            while True:
                process.stdin.write(f"{json.dumps(task)}\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    raise BrokenPipeError
                self.heard.put(_heard(process.pid, json.loads(line)))
                task = self._tasks.popleft()
        except IndexError:
            process.stdin.close()  # No task is left: the process ends by itself.
        except OSError:
            code = process.wait()
            self.heard.put(
                FatalError(
                    f"process {process.pid} ended with code {code} before its work was done",
                    remedy="see above for its last words, then start again: what is done stays done",
                )
            )

    def end(self) -> None:
        """Let every process finish its task and end; kill one that takes too long over it."""
        self._tasks.clear()
        for thread, process in zip(self._threads, self._processes, strict=True):
            thread.join(LAST_TASK_S)
            if thread.is_alive():
                process.kill()
            process.wait()


def start(module: str, held: Collection[int] = ()) -> subprocess.Popen[str]:
    """Start a process that runs ``module``, with pipes for what it is told and what it says; ``held`` are files it has open.

    :raises FatalError: the system starts no process.
    """
    try:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")])),
                # There is a process for every core already: threads below them would only stand in each other's way.
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            },
            pass_fds=tuple(held),
            start_new_session=True,  # Ctrl-C on the terminal is the parent's to handle.
        )
    except OSError as error:
        raise FatalError(f"no process could be started: {error}", remedy="try fewer --workers") from error


def _heard(pid: int, value: Message) -> Answer | TocsinError:
    if "error" not in value:
        return Answer(pid, value)
    return FatalError(str(value["error"]), remedy=str(value.get("remedy", "")))


def own_stdout() -> TextIO:
    """Return where such a process says what it has to say; whatever a library prints goes to stderr from now on."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return said


def serve(opened: Callable[[Message], Callable[[Message], Message]]) -> None:
    """Be such a process: make the worker from the opening, answer every task, until stdin ends."""
    said = own_stdout()
    work: Callable[[Message], Message] | None = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if work is None:
                work = opened(message)
                continue
            answer = work(message)
        except TocsinError as error:
            answer = {"error": error.message, "remedy": error.remedy}
        said.write(f"{json.dumps(answer)}\n")
        said.flush()
