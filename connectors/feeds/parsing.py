"""The parent's side of the parse workers: bytes in; wire document, text of a page or a reason out. A killed worker is
replaced."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import ValidationError

from connectors.feeds.parse_worker import LENGTH
from connectors.feeds.settings import shown_url
from connectors.feeds.wire import WireAnswer, WireDocument, WirePage
from schemas.errors import RetriableError, UnprocessableError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", WireAnswer, WirePage)

#: A worker's answer holds at most as much text as a document of 15 MB; what is longer is no honest answer.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
#: Documents after which a worker is replaced, so that what a parser leaks does not add up.
DOCUMENTS_PER_WORKER = 2_000


class NotAFeedError(UnprocessableError):
    """The document is no feed, or none that can be read within the limits."""


class NoTextError(UnprocessableError):
    """The page holds no text, or none that can be found within the limits."""


class ParserUnavailableError(RetriableError):
    """No worker could be started, or it went away for no reason of the document's."""


class AnswerTooLongError(Exception):
    """A worker announced more than any honest document becomes."""


class _BlamedError(Exception):
    """A worker did not get through a document; the text says why."""


class FeedParser:
    """Parses feeds, and finds the text of pages, in up to ``workers`` processes, each document within ``cpu_s`` of CPU,
    ``wall_s`` of time and ``memory_bytes``. An instance belongs to one event loop. Close it, or use it as an async context."""

    def __init__(
        self, *, workers: int = 1, cpu_s: float = 15.0, wall_s: float = 60.0, memory_bytes: int = 1_000_000_000
    ) -> None:
        self._cpu_s = cpu_s
        self._wall_s = wall_s
        self._memory_bytes = memory_bytes
        self._free: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        self._workers: set[_Worker] = set()
        for _ in range(workers):
            self._free.put_nowait(None)

    async def parse(self, name: str, body: bytes, *, url: str, content_type: str | None = None) -> WireDocument:
        """Return the document in ``body``; ``name`` (the feed's id or a file) is what errors and the log call it.

        :raises NotAFeedError: says why.
        :raises ParserUnavailableError: there is no worker to ask.
        """
        try:
            # Relative links are read from it, and go to people: what opens the feed is none of theirs.
            request = {"url": shown_url(url) if url else "", "content_type": content_type, "cpu_s": self._cpu_s}
            answer = await self._serve(name, request, body, WireAnswer)
        except _BlamedError as error:
            raise NotAFeedError(f"{name}: {error}") from None
        if answer.document is None:
            raise NotAFeedError(f"{name}: {answer.error}")
        return answer.document

    async def text_of_page(self, name: str, body: bytes, *, content_type: str | None = None) -> str:
        """Return the text of the article in the web page ``body``; plain, a paragraph a line.

        :raises NoTextError: says why there is none.
        :raises ParserUnavailableError: there is no worker to ask.
        """
        request = {"task": "page", "content_type": content_type, "cpu_s": self._cpu_s}
        try:
            answer = await self._serve(name, request, body, WirePage)
        except _BlamedError as error:
            raise NoTextError(f"{name}: {error}") from None
        if not answer.text:
            raise NoTextError(f"{name}: {answer.error or 'it has no text of an article'}")
        return answer.text

    async def _serve(self, name: str, request: Mapping[str, object], body: bytes, kind: type[Answer]) -> Answer:
        """Return a worker's answer; :raises _BlamedError: the document is to blame that there is none."""
        worker = await self._free.get()
        try:
            if worker is not None and worker.ended:
                # It went while it had nothing to do: no document is to blame.
                self._workers.discard(worker)
                worker = None
            worker = worker or await self._start()
            return await self._ask(worker, name, json.dumps(request).encode(), body, kind)
        except BaseException:
            if worker is not None:
                self._workers.discard(worker)
                await worker.end()
            worker = None
            raise
        finally:
            if worker is not None and worker.documents >= DOCUMENTS_PER_WORKER:
                self._workers.discard(worker)
                await worker.end()
                worker = None
            self._free.put_nowait(worker)

    async def _start(self) -> _Worker:
        worker = await _Worker.start(self._memory_bytes)
        self._workers.add(worker)
        return worker

    async def _ask(self, worker: _Worker, name: str, request: bytes, body: bytes, kind: type[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._wall_s):
                raw = await worker.ask(request, body)
            return kind.model_validate_json(raw)
        except TimeoutError:
            raise self._blamed(name, f"parsing it took over {self._wall_s:g} s") from None
        except AnswerTooLongError:
            raise self._blamed(name, f"it becomes more than {MAX_ANSWER_BYTES:,} bytes of text") from None
        except ValidationError:
            raise self._blamed(name, "the parse worker gave an answer that is none") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await worker.end()
            if code == -signal.SIGXCPU:
                raise self._blamed(name, f"parsing it took over {self._cpu_s:g} s of CPU") from None
            if code is not None and code < 0:
                raise self._blamed(name, f"the parse worker was killed by {_signal_name(-code)} on it") from None
            raise ParserUnavailableError(f"{name}: the parse worker ended (code {code}) before it answered") from None

    def _blamed(self, name: str, reason: str) -> _BlamedError:
        logger.warning("feed %s: %s; the worker is replaced", name, reason)
        return _BlamedError(reason)

    async def close(self) -> None:
        """End the workers; idempotent."""
        workers, self._workers = self._workers, set()
        for worker in workers:
            await worker.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Worker:
    """One process and its two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.documents = 0

    @classmethod
    async def start(cls, memory_bytes: int) -> _Worker:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "ignore", "-m", "connectors.feeds.parse_worker", str(memory_bytes)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # Ctrl-C on the terminal is the parent's to handle.
                limit=1 << 20,
            )
        except OSError as error:
            raise ParserUnavailableError(f"no parse worker could be started: {error}") from error
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def ask(self, request: bytes, body: bytes) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None, "opened as a pipe"
        assert stdout is not None, "opened as a pipe"
        self.documents += 1
        stdin.write(LENGTH.pack(len(request)) + request + LENGTH.pack(len(body)))
        stdin.write(body)
        await stdin.drain()
        (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
        if length > MAX_ANSWER_BYTES:
            raise AnswerTooLongError
        return await stdout.readexactly(length)

    async def end(self) -> int | None:
        """Kill the process if it still runs; return its exit code (negative: the signal that ended it)."""
        if self._process.returncode is None:
            try:
                # Its pipe may break a moment before the process is gone: what ended it is worth that moment.
                await asyncio.wait_for(self._process.wait(), 0.2)
            except TimeoutError:
                self._kill()
                await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.returncode

    def _kill(self) -> None:
        try:
            self._process.kill()
        except ProcessLookupError:
            return  # It went by itself.


_KEPT = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPYCACHEPREFIX")


def _environment() -> dict[str, str]:
    """Return what a worker needs to start and nothing else: what parses strangers' bytes gets to know no secret."""
    root = str(Path(__file__).resolve().parents[2])
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    return {**kept, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
