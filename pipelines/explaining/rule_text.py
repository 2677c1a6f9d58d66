"""The lines of one rule in the text of a rule set, as somebody wrote them. Pure."""

from __future__ import annotations

import re

from schemas.ports.store import RuleSet


def rule_text(rule_set: RuleSet | None, name: str) -> str:
    """Return the lines of the rule as it was written then; empty where they are not known.

    The text is that of several files one after the other, so it is no one document of YAML: lines and their depth must do.
    """
    if rule_set is None:
        return ""
    lines = rule_set.text.splitlines()
    named = re.compile(rf"""(?:^|[\s{{,])["']?name["']?:\s*(["']?){re.escape(name)}\1\s*(?:$|[,}}]|\s\#)""")
    found = next(((i, at) for i, line in enumerate(lines) if (at := _column(named, line)) is not None), None)
    if found is None:
        return ""
    first, column = found
    while first > 0 and not _begins_above(lines[first], column):
        first -= 1
    indent = _depth(lines[first])
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or _depth(lines[last]) > indent):
        last += 1
    return "\n".join(line[indent:] for line in lines[first:last]).strip()


def _column(named: re.Pattern[str], line: str) -> int | None:
    """Return at which column of ``line`` the rule is named; None where it is not, or only in a comment."""
    match = None if line.lstrip().startswith("#") else named.search(line)
    return None if match is None else line.index("name", match.start())


def _begins_above(line: str, column: int) -> bool:
    """Tell whether ``line`` begins an item of a list that what stands at ``column`` belongs to, not one within it."""
    return line.lstrip().startswith("- ") and _depth(line) < column


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
