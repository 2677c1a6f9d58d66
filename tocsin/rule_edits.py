"""Changes a bar in the text of a rule file where it stands, and nothing else: comments and layout stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml  # type: ignore[import-untyped]

from alerts.rules.model import Barred, Detector, Ratio, Rule, Threshold, Zscore

#: The keys of a detector that set its bar; a written one gives way to the new one.
_BARS = ("sensitivity", "budget")


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def with_bars(text: str, tuned: Mapping[str, tuple[Rule, Rule]]) -> str:
    """Return rule file ``text`` in which each rule of ``tuned`` (name → as written, as wanted) has the wanted bars.

    A rule that is written in a way this does not know stays as it is: read the result again to see.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits: list[_Edit] = []
    for rule in _items(_value(root, "rules")):
        name = _value(rule, "name")
        pair = tuned.get(name.value) if isinstance(name, yaml.ScalarNode) else None
        when = _value(rule, "when")
        if pair is None or when is None:
            continue
        nodes = _items(when) if isinstance(when, yaml.SequenceNode) else [when]
        for node, before, after in zip(nodes, pair[0].when, pair[1].when, strict=False):
            if before != after:
                edits.extend(_of_detector(node, after, text))
    for edit in sorted(edits, key=lambda one: -one.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _items(node: yaml.Node | None) -> Sequence[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    found = _entry(node, key)
    return found[1] if found is not None else None


def _entry(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((entry for entry in node.value if entry[0].value == key), None)


def _of_detector(node: yaml.Node, wanted: Detector, text: str) -> list[_Edit]:
    key, value = _bar(wanted)
    if isinstance(node, yaml.ScalarNode):
        if node.value != wanted.kind:
            return []
        return [_Edit(node.start_mark.index, node.end_mark.index, f"{{{wanted.kind}: {{{key}: {value}}}}}")]
    entry = _entry(node, wanted.kind)
    if entry is None:
        return []
    settings = entry[1]
    if not isinstance(settings, yaml.MappingNode) or not settings.value:
        blank = "" if text[settings.start_mark.index - 1] in " \n" else " "
        return [_Edit(settings.start_mark.index, settings.end_mark.index, f"{blank}{{{key}: {value}}}")]
    for name in (key, *_BARS):
        written = _entry(settings, name)
        if written is not None:
            return [_Edit(written[0].start_mark.index, written[1].end_mark.index, f"{key}: {value}")]
    first = settings.value[0][0].start_mark
    between = ", " if settings.flow_style else f"\n{' ' * first.column}"
    return [_Edit(first.index, first.index, f"{key}: {value}{between}")]


def _bar(wanted: Detector) -> tuple[str, str]:
    if isinstance(wanted, Barred) and wanted.budget is not None:
        return "budget", f"{{false_alarms: {wanted.budget.false_alarms_per_month:.2g}, per: month}}"
    if isinstance(wanted, Barred) and wanted.sensitivity is not None:
        return "sensitivity", wanted.sensitivity.value
    match wanted:
        case Threshold():
            return "count", str(wanted.count)
        case Ratio():
            return "ratio", f"{wanted.ratio:g}"
        case Zscore():
            return "sd", f"{wanted.sd:g}"
        case _:
            raise TypeError(f"{wanted.kind} has no bar")
