"""Does one piece of work in a short child process, so that what it imports and reads is gone from memory with it.

parent ──fork──▶ child: the work ──its answer, or its error, as JSON──▶ parent
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeVar, cast

from schemas import errors
from schemas.errors import FatalError, RetriableError, TocsinError

T = TypeVar("T")

#: Seconds after which somebody who wishes to stop is heard.
_LOOK_S = 0.1

#: The code with which the child says that Ctrl-C was pressed.
_INTERRUPTED = 130


def aside(work: Callable[[], T], stopping: Callable[[], bool] = lambda: False) -> T:
    """Return what ``work`` returns (what JSON can hold, no tuples) when done in a child of this process, which has one thread.

    Once ``stopping``, the child is sent SIGTERM, once: what the handlers of this process do to its flags, they do to the
    child's. It ends with this process, however that ends.

    :raises TocsinError: the one ``work`` raised, as the class of :mod:`schemas.errors` that it is one of.
    :raises FatalError: ``work`` failed otherwise; the traceback is on stderr.
    :raises RetriableError: the child was killed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    answer, give = os.pipe()
    alive, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.close(held)
        _do(work, give, alive)
    os.close(give)
    os.close(alive)
    try:
        said = _hear(answer, child, stopping)
        code = _waited_for(child)
    except BaseException:  # Ctrl-C: nobody waits for the answer any more.
        os.kill(child, signal.SIGKILL)
        _waited_for(child)
        raise
    finally:
        os.close(held)  # Only now: the child ends itself when it closes.
        os.close(answer)
    return cast("T", _answer_in(said, code))


def _do(work: Callable[[], object], give: int, alive: int) -> NoReturn:
    """In the child: work, answer, end. Nothing of the parent's is closed or flushed on the way out."""
    try:
        threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
        try:
            said: object = {"answer": work()}
        except TocsinError as error:
            kind = next(one for one in type(error).__mro__ if one.__module__ == errors.__name__)
            said = {"error": kind.__name__, "message": error.message, "remedy": error.remedy}
        with os.fdopen(give, "wb") as file:
            file.write(json.dumps(said).encode())
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)
    except BaseException:  # noqa: BLE001 — whatever it is, the parent goes its own way
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with(alive: int) -> None:
    os.read(alive, 1)
    os._exit(1)


def _waited_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _hear(answer: int, child: int, stopping: Callable[[], bool]) -> bytes:
    said, asked = b"", False
    while True:
        if stopping() and not asked:
            os.kill(child, signal.SIGTERM)
            asked = True
        if select.select([answer], [], [], _LOOK_S)[0]:
            more = os.read(answer, 65_536)
            if not more:
                return said
            said += more


def _answer_in(said: bytes, code: int) -> object:
    if code < 0:
        raise RetriableError(f"a process that was to help was ended by {signal.Signals(-code).name}")
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise FatalError("a process that was to help failed, as it says above")
    words = json.loads(said)
    if "error" in words:
        kind = getattr(errors, words["error"])
        raise kind(words["message"], remedy=words["remedy"])
    return words["answer"]
