"""Reads a text file that a person wrote: a path in, its text out. Never more than it may hold, never what has no end."""

from __future__ import annotations

import codecs
import io
import stat
from pathlib import Path

from schemas.errors import UsageError

#: What a shell opens for a program and hands over by name: it ends when its writer does.
_HANDED_OVER = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe, which would be waited for",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class UnreadableFileError(UsageError):
    """A file that cannot be read: ``problem`` without its name; ``line`` is where it ceases to be text, else 1."""

    def __init__(self, path: Path, problem: str, *, remedy: str, line: int = 1) -> None:
        super().__init__(f"{path} {problem}", remedy=remedy)
        self.problem = problem
        self.line = line


class TooLargeFileError(UnreadableFileError):
    """It has more bytes than it may have."""


def read_text_file(path: Path, *, most_bytes: int) -> str:
    """Return the text of ``path`` (UTF-8, with or without a byte order mark) with ``\\n`` at the end of each line.

    :raises TooLargeFileError: it has more than ``most_bytes``, of which no more was read.
    :raises UnreadableFileError: it is not there, may not be read, is no file, or is no text in UTF-8.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not str(path).startswith(_HANDED_OVER):
            what = _KINDS.get(stat.S_IFMT(mode), "no file")
            raise UnreadableFileError(path, f"cannot be read: it is {what}", remedy="name a file of text")
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except OSError as error:
        remedy = "name a file that is there, and that may be read"
        raise UnreadableFileError(path, f"cannot be read: {error.strerror or error}", remedy=remedy) from error
    if len(raw) > most_bytes:
        raise TooLargeFileError(path, f"is larger than {most_bytes:,} bytes", remedy="split it into several files")
    try:
        return io.StringIO(raw.decode("utf-8-sig"), newline=None).read()  # Line ends as in any text file.
    except UnicodeDecodeError as error:
        # The positions are those behind a byte order mark, which holds no line end.
        line = error.object.count(b"\n", 0, error.start) + 1
        what = f"the byte 0x{error.object[error.start]:02x} on line {line} is none of UTF-8"
        if raw.startswith(_UTF_16):
            what = "it is text in UTF-16"
        remedy = "save the file as UTF-8"
        raise UnreadableFileError(path, f"cannot be read: {what}", remedy=remedy, line=line) from error
