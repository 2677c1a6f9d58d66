"""A rule in the words of a rule file, and in the text of one behind the rules that are there; nothing else moves. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml  # type: ignore[import-untyped]

from schemas.errors import UsageError

_ITEM = "  "


def rule_item(name: str, watch: str, parts: Mapping[str, Sequence[str]], rest: Mapping[str, str]) -> Sequence[str]:
    """Return the lines of a rule. ``watch`` is a mapping in braces, ``parts`` go into it; ``rest`` are keys of the rule."""
    inside = "".join(f", {key}: {_one_or_list(values)}" for key, values in parts.items() if values)
    whole = f"{watch.rstrip().removesuffix('}').rstrip()}{inside}}}"
    keys = {"watch": whole, **{key: _in_a_line(value) for key, value in rest.items() if value}}
    return [f"- name: {name}", *(f"{_ITEM}{key}: {value}" for key, value in keys.items())]


def _one_or_list(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def new_file(item: Sequence[str]) -> str:
    """Return a rule file with one rule."""
    return "rules:\n" + "".join(f"{_ITEM}{line}\n" for line in item)


def with_rule(text: str, item: Sequence[str], name: str) -> str:
    """Return the text of the rule file called ``name`` with ``item`` as its last rule. The text is one the loader accepts.

    :raises UsageError: its rules are not written line by line, each behind a dash.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    rules = next((value for key, value in entries if key.value == "rules"), None)
    if not isinstance(rules, yaml.SequenceNode) or rules.flow_style or not rules.value:
        message = f"the rules of {name} are not written as a list of lines that begin with a dash"
        raise UsageError(message, remedy="name another file with --file, or add the rule by hand (--dry-run shows it)")
    margin = " " * rules.start_mark.column
    lines = text.splitlines()
    place = _end_of(rules, lines)
    between = [""] if _apart(rules, lines) else []
    added = [*between, *(f"{margin}{line}" for line in item)]
    return "\n".join([*lines[:place], *added, *lines[place:]]) + "\n"


def _end_of(rules: yaml.SequenceNode, lines: Sequence[str]) -> int:
    """Return the line (from 0) behind the last one of ``rules``, before what belongs to the next key."""
    place = min(int(rules.end_mark.line), len(lines))
    if rules.end_mark.column and place < len(lines):
        place += 1
    while place and (not lines[place - 1].strip() or lines[place - 1].startswith("#")):
        place -= 1
    return place


def _apart(rules: yaml.SequenceNode, lines: Sequence[str]) -> bool:
    """Tell whether an empty line stands between the rules, so that one goes before the new one too."""
    starts = [item.start_mark.line for item in rules.value[1:]]
    return bool(starts) and all(not lines[start - 1].strip() for start in starts)
