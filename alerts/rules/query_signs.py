"""Signs of search engines in a term, which is words and nothing else: what they were meant for is written otherwise. Pure."""

from __future__ import annotations

import json
import re

from alerts.rules.mistakes import clipped

_JOINT = re.compile(r"\s+(OR|AND NOT|AND|NOT|NEAR(?:/\d+)?)\s+")
_QUOTED = re.compile("([\"'“”„«‘]).+([\"'“”»’])")
_ENDLESS = re.compile(r"(?:^|\s)(?:[\w-]{3,}\*|\*[\w-]{3,})(?=\s|$)")
_SIGNED = re.compile(r"[+-][^\W\d_]")

#: How what two words were joined by is written.
_KEYS = {"OR": "any", "AND": "all"}


def meant_as_query(text: str) -> tuple[str, str] | None:
    """Return what a sign in the term ``text`` would do here, and how to write what is meant; None: it is words alone."""
    joints = _JOINT.findall(text)
    if joints:
        return f"{joints[0]} is looked for as a word in {clipped(text)!r}", _joined(text, joints)
    if len(text) > 2 and text[0] == text[-1] == "/":
        return (
            f"the strokes are looked for as they stand in {clipped(text)!r}",
            f"write {{pattern: {_quoted(text[1:-1])}}}",
        )
    if "|" in text.strip("|"):
        parts = [part.strip() for part in text.split("|") if part.strip()]
        return f"| is looked for as it stands in {clipped(text)!r}", f"write any: {_listed(parts)}"
    if _QUOTED.fullmatch(text):
        return (
            f"the quotes are looked for, too, in {clipped(text)}",
            f"write {_quoted(text[1:-1])}: words in a row are a phrase",
        )
    if _ENDLESS.search(text):
        pattern = re.sub(r"\*", r"\\pL*", re.sub(r"\s+", r"\\s+", text))
        remedy = f"write {{pattern: {_quoted(pattern)}}}, or {{stem: …, language: en}} for the endings of a word"
        return f"* is looked for as it stands in {clipped(text)!r}", remedy
    if _SIGNED.match(text):
        remedy = f"write none: {_listed([text[1:]])}" if text[0] == "-" else f"write {_quoted(text[1:])}"
        return f"{text[0]} is looked for as it stands in {clipped(text)!r}", remedy
    return None


def _joined(text: str, joints: list[str]) -> str:
    if len(set(joints)) > 1 or joints[0] not in _KEYS:
        if set(joints) <= {"NEAR"} or joints[0].startswith("NEAR"):
            return "write {near: [word, other], words: 5}"
        return (
            "write all: […], any: […] and none: […] for what must, may and must not be there; as a word write it small"
        )
    parts = [part.strip(" ()\"'“”") for part in _JOINT.split(text)[::2]]
    return f"write {_KEYS[joints[0]]}: {_listed(parts)}; as a word write it small"


def _listed(parts: list[str]) -> str:
    return f"[{', '.join(map(_quoted, parts))}]"


def _quoted(text: str) -> str:
    """Return ``text`` in single quotes, as YAML reads it."""
    return (
        "'" + clipped(text).replace("'", "''") + "'"
        if re.search(r"[^\w\s]", text)
        else json.dumps(text, ensure_ascii=False)
    )
