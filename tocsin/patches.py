"""A change of a file as a diff that `git apply` and `patch -p1` take. Text in, text out; nothing is written."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

#: What both put where the last line of a file has no end.
_NO_END = "\\ No newline at end of file\n"


def patch(path: Path, before: str, after: str) -> str:
    """Return the diff from ``before`` to ``after`` of the file at ``path``; empty where they are the same.

    Its names begin with ``a/`` and ``b/`` and are those of ``path`` as seen from the working folder: neither tool takes a
    name that begins with ``/``. The file itself is looked at for how its lines end.
    """
    name = os.path.relpath(path).replace(os.sep, "/")
    ends = "\r\n" if _ends_in_pairs(path) else "\n"
    lines = difflib.unified_diff(
        [line.replace("\n", ends) for line in before.splitlines(keepends=True)],
        [line.replace("\n", ends) for line in after.splitlines(keepends=True)],
        fromfile=_header(f"a/{name}"),
        tofile=_header(f"b/{name}"),
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines)


def _header(name: str) -> str:
    """Return ``name`` with the tab that says where it ends, where it holds a blank."""
    return f"{name}\t" if " " in name else name


def _ends_in_pairs(path: Path) -> bool:
    try:
        return b"\r\n" in path.read_bytes()
    except OSError:
        return False
