"""The parse worker: a process of its own, limited in CPU and memory, that turns untrusted bytes into wire documents and texts.

Frames on stdin and stdout: a length (4 bytes, big-endian) and that many bytes. A request is two frames, JSON
``{"url", "content_type", "cpu_s"}`` (``{"task": "page", …}`` for a web page) and the body; the answer is one, a
:class:`WireAnswer` (:class:`WirePage`) as JSON. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from typing import BinaryIO

from connectors.feeds.wire import WireAnswer, WirePage
from schemas.plain_text import plain_line

#: Recursion in a parser of a deeply nested document ends here rather than in the C stack.
RECURSION_LIMIT = 2_000
LENGTH = struct.Struct(">I")


def main() -> None:
    """Serve requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the frames.
    os.dup2(2, 1)
    sys.setrecursionlimit(RECURSION_LIMIT)
    limit_resources(memory_bytes=int(sys.argv[1]))
    requests = sys.stdin.buffer
    while (header := read_frame(requests)) is not None:
        body = read_frame(requests)
        if body is None:
            return
        request = json.loads(header)
        allow_cpu(float(request["cpu_s"]))
        answer: WireAnswer | WirePage
        if request.get("task") == "page":
            answer = page_answered(body, request["content_type"])
        else:
            answer = answered(body, str(request["url"]), request["content_type"])
        raw = answer.model_dump_json().encode("utf-8", "replace")
        answers.write(LENGTH.pack(len(raw)) + raw)
        answers.flush()


def answered(body: bytes, url: str, content_type: str | None) -> WireAnswer:
    """Return what is in ``body``; whatever a parser stumbles over becomes an answer too."""
    from connectors.feeds.document import read_document

    try:
        return read_document(body, url=url, content_type=content_type)
    except MemoryError:
        return WireAnswer(error="reading it took more memory than a feed may need")
    except RecursionError:
        return WireAnswer(error="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it raise; the reason is kept.
        return WireAnswer(error=f"the parser failed on it: {type(error).__name__}: {plain_line(str(error), 200)}")


def page_answered(body: bytes, content_type: str | None) -> WirePage:
    """Return the text of the article in the web page ``body``, whatever the library stumbles over."""
    from connectors.feeds.page_text import page_text

    try:
        return WirePage(text=page_text(body, content_type))
    except MemoryError:
        return WirePage(error="reading it took more memory than a page may need")
    except RecursionError:
        return WirePage(error="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it raise; the reason is kept.
        return WirePage(error=f"finding its text failed: {type(error).__name__}: {plain_line(str(error), 200)}")


def limit_resources(*, memory_bytes: int) -> None:
    """Bound memory; allow no core file, no written file, no further process."""
    _lower(resource.RLIMIT_AS, memory_bytes)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)


def allow_cpu(seconds: float) -> None:
    """Let this process use ``seconds`` more of CPU; beyond, the kernel ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bounded, bounded))


if __name__ == "__main__":
    main()
