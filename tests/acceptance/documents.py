"""Reads the project's Markdown: its fenced blocks, its links, and the shell sessions in it with what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Every page people read.
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))

#: Stands for any lines where it is alone on one, for any text within a line.
_ANYTHING = "…"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins on."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Return where it is, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Shown:
    """A command as typed after ``$`` and the lines shown below it."""

    command: str
    lines: tuple[str, ...]
    place: str


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """Yield the fenced blocks of ``page`` in one of ``languages`` (all when none is named)."""
    inside: list[str] | None = None
    start, language = 0, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            if inside is None:
                inside, start, language = [], number, line.strip().strip("`")
            else:
                if not languages or language in languages:
                    yield Block(page, start, language, "\n".join(inside))
                inside = None
        elif inside is not None:
            inside.append(line)
    assert inside is None, f"{page}: the block that begins on line {start} has no end"


def session(block: Block) -> list[Shown]:
    """Return the commands of a ``console`` block, each with what is shown below it."""
    found: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), [], number))
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            command, shown, start = found[-1]
            found[-1] = (f"{command[:-1].rstrip()} {line.strip()}", shown, start)
        else:
            assert found, f"{block.place}: a session begins with a command behind $"
            found[-1][1].append(line)
    page = block.page.relative_to(ROOT)
    return [Shown(command, tuple(lines), f"{page}:{start}") for command, lines, start in found]


def shown_in(page: Path, command: str) -> Shown:
    """Return what ``page`` shows below ``command``, for the test that runs it."""
    found = [shown for block in blocks(page, "console") for shown in session(block) if shown.command == command]
    assert len(found) == 1, f"{page}: {command} is shown {len(found)} times"
    return found[0]


def as_pattern(lines: tuple[str, ...]) -> re.Pattern[str]:
    """Return what the output has to match: the lines shown, with anything where they say ``…``."""
    parts = []
    for line in lines:
        if line.strip() == _ANYTHING:
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(part.rstrip()) for part in line.split(_ANYTHING)) + r"[ \t]*\n")
    return re.compile("".join(parts))


def anchors(page: Path) -> set[str]:
    """Return the names headings of ``page`` can be linked by, made as GitHub makes them."""
    found: set[str] = set()
    fenced = False
    for line in page.read_text(encoding="utf-8").splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (heading := re.match(r"#+ (.+)", line)):
            words = re.sub(r"[^\w\- ]", "", heading[1].replace("`", "").lower())
            found.add(words.strip().replace(" ", "-"))
    return found


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield line and target of each link of ``page`` that stays in the repository; code is left out."""
    fenced = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fenced ^= line.lstrip().startswith("```")
        if fenced:
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if not re.match(r"[a-z]+:", target):
                yield number, target
