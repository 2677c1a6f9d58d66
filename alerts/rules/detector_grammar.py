"""When to ring, in a rule file: one reader per detector, and their floors."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.rules.comparing_grammar import COMPARING
from alerts.rules.detector_parts import (
    BUDGET,
    HALF_LIFE,
    MIN,
    MIN_COUNTS,
    PUBLISHERS,
    SENSITIVITY,
    SHARED,
    STORIES,
    WINDOWS,
    WrittenFloors,
    bar_written,
    shared,
    windows_written,
)
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import clipped, did_you_mean, one_of
from alerts.rules.model import Confirm, Detector, Floors, New, Spike, Threshold
from alerts.rules.readers import Hours, Items, JsonSchema, Reader, Reading, Text, Whole, described
from alerts.rules.yaml_tree import Mapping_, Node, Scalar


def _spike(values: Values) -> Spike | None:
    bar, windows = bar_written(values), windows_written(values, Spike().windows_h)
    if bar is None or windows is None:
        return None
    return Spike(
        windows_h=windows,
        half_life_h=values.get_or(HALF_LIFE, Spike().half_life_h),
        floors=values.get_or(MIN, WrittenFloors()).over(Spike().floors),
        **bar,
        **shared(values),
    )


_COUNT = Key("count", Whole(least=1), "So many or more.", required=True)
_WITHIN = Key("within", Hours(), "In any stretch so long.", required=True)


def _threshold(values: Values) -> Threshold | None:
    within = values.get_or(_WITHIN, 1)
    if within > 35 * 24:
        values.wrong(_WITHIN, f"{within // 24} days are more than is kept to count in", "at most 35d")
        return None
    return Threshold(
        count=values.get_or(_COUNT, 1),
        within_h=within,
        floors=values.get_or(MIN_COUNTS, WrittenFloors()).over(Floors()),
        **shared(values),
    )


_CONFIRM_WITHIN = Key("within", Hours(), "In so long; 48h by default.")


def _confirm(values: Values) -> Confirm | None:
    within = values.get_or(_CONFIRM_WITHIN, Confirm().within_h)
    if within > 35 * 24:
        values.wrong(_CONFIRM_WITHIN, f"{within // 24} days are more than is kept to count in", "at most 35d")
        return None
    return Confirm(stories=values.get_or(STORIES, 1), publishers=values.get_or(PUBLISHERS, 1), within_h=within)


class _Known(Reader[str]):
    """An actor, a topic, or a whole key such as AZE-RUS."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        text = self._text.read(node, path, reading)
        if text is None:
            return None
        actor = reading.actors.resolve(text)
        if actor is not None:
            return actor
        for sign in (">", "-"):
            ends = [reading.actors.resolve(part.strip()) for part in text.split(sign)]
            if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
                return sign.join((ends[0], ends[1]) if sign == ">" else sorted((ends[0], ends[1])))
        if reading.topics is None or text in reading.topics:
            return text
        close = list(reading.actors.suggest(text[:80]))[:3]
        remedy = f"did you mean {one_of(close)}?" if close else did_you_mean(text, reading.topics)
        reading.wrong(node, path, f"no actor, topic or pair is called {clipped(text)!r}", remedy)
        return None

    def schema(self) -> JsonSchema:
        return self._text.schema()


_QUIET = Key("quiet_for", Hours(), "Not seen for so long makes it new.", required=True)
_KNOWN = Key("known", Items(_Known(), or_one=True), "Actors, topics or whole keys that are no news.")
_CONFIRM = Key(
    "confirm",
    Fields((STORIES, PUBLISHERS, _CONFIRM_WITHIN), _confirm),
    "How many must have it before it is believed.",
)


def _new(values: Values) -> New | None:
    return New(
        quiet_for_h=values.get_or(_QUIET, 1),
        known=tuple(sorted(set(values.get_or(_KNOWN, ())))),
        confirm=values.get_or(_CONFIRM, Confirm()),
        **shared(values),
    )


_READERS: Mapping[str, Fields[Detector]] = {
    "spike": Fields(
        (SENSITIVITY, BUDGET, WINDOWS, HALF_LIFE, MIN, *SHARED),
        _spike,
        about="Far more than normal for this key at this hour.",
        may_be_empty=True,
    ),
    "threshold": Fields((_COUNT, _WITHIN, MIN_COUNTS, *SHARED), _threshold, about="At least so many in so long."),
    "new": Fields((_QUIET, _KNOWN, _CONFIRM, *SHARED), _new, about="A key that was not seen for long."),
    **COMPARING,
}


#: What may stand in ``when``.
DETECTOR_NAMES = tuple(_READERS)


class OneDetector(Reader[Detector]):
    """``{name: settings}``, or the name alone where every setting may be left out."""

    def read(self, node: Node, path: str, reading: Reading) -> Detector | None:
        """Return the detector."""
        known = one_of(list(_READERS))
        if isinstance(node, Mapping_) and len(node.entries) == 1:
            name, (place, settings) = next(iter(node.entries.items()))
        elif isinstance(node, Scalar) and isinstance(node.value, str):
            name, place, settings = node.text, node, Scalar(node.line, "", quoted=False)
        else:
            what = f"a mapping of {len(node.entries)} keys" if isinstance(node, Mapping_) else described(node)
            remedy = f"write {{spike: {{}}}}; detectors are {known}, several of them go into a list"
            reading.wrong(node, path, f"a detector is needed, this is {what}", remedy)
            return None
        if name in _READERS:
            return _READERS[name].read(settings, f"{path}.{name}", reading)
        reading.wrong(place, path, f"unknown detector {clipped(name)!r}", did_you_mean(name, _READERS))
        return None

    def schema(self) -> JsonSchema:
        """An object with one of the names."""
        forms: list[JsonSchema] = [
            {"type": "object", "properties": {name: reader.schema()}, "required": [name], "additionalProperties": False}
            for name, reader in _READERS.items()
        ]
        return {"anyOf": [*forms, {"const": "spike"}]}


DETECTORS = Items(OneDetector(), or_one=True, most=10)
