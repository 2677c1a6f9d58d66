"""The key ``template`` of a rule file."""

from __future__ import annotations

import re

from alerts.rules.fields import Fields, Key, Shorthand, Values
from alerts.rules.mistakes import clipped, did_you_mean
from alerts.rules.readers import JsonSchema, Reader, Text
from alerts.rules.reading import Reading
from alerts.rules.template import PLACES, Template, mistakes_in
from alerts.rules.yaml_tree import Node


class _Filled(Reader[str]):
    """A text with places in braces."""

    def __init__(self, *, max_characters: int) -> None:
        self._text = Text(max_characters=max_characters)

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the text; each place that no message fills is a mistake."""
        text = self._text.read(node, path, reading)
        wrong = mistakes_in(text) if text is not None else ()
        for place, why in wrong:
            if place is None:
                reading.wrong(node, path, f"the braces of this text do not match: {why}", "write {{ for a brace itself")
                continue
            name = re.split("[!:.[]", place, maxsplit=1)[0]
            remedy = f"write {{{name}}}" if name in PLACES else did_you_mean(name, PLACES)
            reading.wrong(node, path, f"no message fills {{{clipped(place)}}}: {why}", remedy)
        return None if wrong else text

    def schema(self) -> JsonSchema:
        """A string."""
        return self._text.schema()


_PLACES = ", ".join(f"{{{name}}}" for name in PLACES)
_SUBJECT = Key("subject", _Filled(max_characters=200), f"Stands behind the severity in the subject. Places: {_PLACES}.")
_NOTE = Key("note", _Filled(max_characters=1_000), "Stands in the message: what to do, whom to call, where to look.")


def _template(values: Values) -> Template:
    return Template(subject=values.get_or(_SUBJECT, ""), note=values.get_or(_NOTE, ""))


def _note_only(note: str) -> Template:
    return Template(note=note)


TEMPLATE: Reader[Template] = Shorthand(
    Fields(
        (_SUBJECT, _NOTE),
        _template,
        about="What the rule adds to its messages.",
        nothing=("a template without a subject and a note changes nothing", "write one of them"),
    ),
    _NOTE.reader,
    _note_only,
)
