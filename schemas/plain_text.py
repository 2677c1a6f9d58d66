"""Text from outside made safe to show: no control, direction or invisible characters, bounded length. Pure."""

from __future__ import annotations

import re
import unicodedata

#: Characters that change the direction of what surrounds them, or cannot be seen; the joiners of scripts and emoji stay.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")

#: More combining marks than four on one character are cut: no script needs them, and they overprint other lines.
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_TOO_MANY_MARKS = re.compile(f"({_MARKS}{{4}}){_MARKS}+")


def plain_line(text: str, limit: int | None = None) -> str:
    """Return ``text`` as one line that can stand in a subject, at most ``limit`` characters (cut with an ellipsis)."""
    line = _BLANKS.sub(" ", _visible(_LINE_ENDS.sub(" ", text))).strip()
    return shortened(line, limit) if limit is not None else line


def plain_text(text: str) -> str:
    r"""Return ``text`` with every kind of line end as ``\n`` and nothing invisible in it; blanks inside lines stay."""
    return "\n".join(_visible(line).rstrip() for line in _LINE_ENDS.sub("\n", text).split("\n"))


def shortened(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of ``text``; a cut one ends in an ellipsis."""
    if len(text) <= limit:
        return text
    return text[: max(0, limit - 1)].rstrip() + "…" if limit > 0 else ""


def shortened_bytes(text: str, limit: int) -> str:
    """Return as much of ``text`` as fits in ``limit`` bytes of UTF-8, never half a character; a cut one ends in an ellipsis."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    mark = "…".encode()
    return raw[: max(0, limit - len(mark))].decode("utf-8", "ignore").rstrip() + "…"


def _visible(line: str) -> str:
    kept = "".join(_shown(character) for character in _UNSEEN.sub("", line))
    return _TOO_MANY_MARKS.sub(r"\1", kept)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "\ufffd" if category == "Cs" else character


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 story`` or ``9 stories``; without ``many`` the noun takes an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown_bytes(count: int) -> str:
    """Return ``count`` in the unit people read."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit in ("B", "kB") or size >= 100 else f"{size:.1f} {unit}"
