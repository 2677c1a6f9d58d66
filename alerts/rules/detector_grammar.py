"""When to ring, in a rule file: one reader per detector, and their floors."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.rules.comparing_grammar import COMPARING
from alerts.rules.detector_parts import (
    BUDGET,
    FOR,
    HALF_LIFE,
    MIN,
    MIN_COUNTS,
    NO_LONG_WINDOW,
    ONE_BAR,
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
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.mistakes import clipped, did_you_mean, meant, one_of
from alerts.rules.model import Confirm, Detector, Floors, NamedActors, New, Spike, Threshold
from alerts.rules.number_readers import Whole
from alerts.rules.readers import Hours, Items, JsonSchema, Reader, Text, described
from alerts.rules.reading import Reading
from alerts.rules.watch_grammar import topic_written
from alerts.rules.yaml_tree import Mapping_, Node, Scalar
from schemas.ids import Json


def _spike(values: Values) -> Spike:
    return Spike(
        windows_h=windows_written(values, Spike().windows_h),
        half_life_h=values.get_or(HALF_LIFE, Spike().half_life_h),
        floors=values.get_or(MIN, WrittenFloors()).over(Spike().floors),
        **bar_written(values),
        **shared(values),
    )


#: What is kept to count in.
_MOST_KEPT_H = 35 * 24


def _kept(within: Key[int]) -> Check:
    """Return the check that what ``within`` asks for is kept."""

    def note(values: Values) -> None:
        hours = values.get_or(within, 1)
        if hours > _MOST_KEPT_H:
            values.wrong(within, f"{hours // 24} days are more than is kept to count in", "at most 35d")

    return Check((within,), note)


_COUNT = Key("count", Whole(least=1), "So many or more.", required=True, example="count: 3")
_WITHIN = Key("within", Hours(), "In any stretch so long.", required=True, example="within: 24h")


def _threshold(values: Values) -> Threshold:
    return Threshold(
        count=values.get_or(_COUNT, 1),
        within_h=values.get_or(_WITHIN, 1),
        floors=values.get_or(MIN_COUNTS, WrittenFloors()).over(Floors()),
        **shared(values),
    )


_CONFIRM_WITHIN = Key("within", Hours(), "In so long; 48h by default.")


def _confirm(values: Values) -> Confirm:
    within = values.get_or(_CONFIRM_WITHIN, Confirm().within_h)
    return Confirm(stories=values.get_or(STORIES, 1), publishers=values.get_or(PUBLISHERS, 1), within_h=within)


class _Known(Reader[tuple[str, ...]]):
    """An actor, a set of named actors, a topic, or a whole key such as AZE-RUS."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> tuple[str, ...] | None:
        text = self._text.read(node, path, reading)
        if text is None:
            return None
        if text in reading.sets:
            return self._of_set(text, node, path, reading)
        actor = reading.actors.resolve(text)
        if actor is not None:
            return (actor,)
        for sign in (">", "-"):
            ends = [reading.actors.resolve(part.strip()) for part in text.split(sign)]
            if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
                return (sign.join((ends[0], ends[1]) if sign == ">" else sorted((ends[0], ends[1]))),)
        topic = topic_written(text)
        if reading.topics is None or topic in reading.topics:
            return (topic,)
        close = list(reading.actors.suggest(text[:80]))[:3]
        remedy = f"did you mean {one_of(close)}?" if close else did_you_mean(text, reading.topics)
        if close or not reading.sets_missing:  # A file of sets that cannot be read is a mistake already.
            reading.wrong(node, path, f"no actor, topic or pair is called {clipped(text)!r}", remedy)
        return None

    def _of_set(self, name: str, node: Node, path: str, reading: Reading) -> tuple[str, ...] | None:
        named = [choice for choice in reading.sets[name] if isinstance(choice, NamedActors)]
        if len(named) == len(reading.sets[name]):
            return tuple(actor for choice in named for actor in choice.ids)
        reading.wrong(node, path, f"the set {clipped(name)!r} does not name its actors", "name them one by one")
        return None

    def schema(self) -> JsonSchema:
        return self._text.schema()


_QUIET = Key("quiet_for", Hours(), "Not seen for so long makes it new.", required=True, example="quiet_for: 180d")
_KNOWN = Key("known", Items(_Known(), or_one=True), "Actors, sets of them, topics or whole keys that are no news.")
_CONFIRM = Key(
    "confirm",
    Fields((STORIES, PUBLISHERS, _CONFIRM_WITHIN), _confirm, checks=(_kept(_CONFIRM_WITHIN),)),
    "How many must have it before it is believed.",
)


def too_long_to_be_new(lasting_h: int, confirm: Confirm) -> str:
    """Return what is wrong with a ``for`` that outlasts the time in which what is new is confirmed; "" = nothing."""
    if lasting_h <= confirm.within_h:
        return ""
    return f"for: {lasting_h}h is longer than what is new stays new ({confirm.within_h}h): it can never ring"


#: What to do about it.
SHORTER_FOR = "shorten for, or widen confirm: {within: …}"


def _not_too_long(values: Values) -> None:
    if message := too_long_to_be_new(values.get_or(FOR, 0), values.get_or(_CONFIRM, Confirm())):
        values.wrong(FOR, message, SHORTER_FOR)


def _new(values: Values) -> New:
    return New(
        quiet_for_h=values.get_or(_QUIET, 1),
        known=tuple(sorted({known for several in values.get_or(_KNOWN, ()) for known in several})),
        confirm=values.get_or(_CONFIRM, Confirm()),
        **shared(values),
    )


def _new_in_part(values: Values) -> New | None:
    """Return what says which keys are no news; how long what is new stays new must be known, or nothing follows."""
    return _new(values) if values.sure(FOR) and values.sure(_CONFIRM) else None


_READERS: Mapping[str, Fields[Detector]] = {
    "spike": Fields(
        (SENSITIVITY, BUDGET, WINDOWS, HALF_LIFE, MIN, *SHARED),
        _spike,
        about="Far more than normal for this key at this hour.",
        may_be_empty=True,
        checks=(ONE_BAR, NO_LONG_WINDOW),
    ),
    "threshold": Fields(
        (_COUNT, _WITHIN, MIN_COUNTS, *SHARED),
        _threshold,
        about="At least so many in so long.",
        checks=(_kept(_WITHIN),),
    ),
    "new": Fields(
        (_QUIET, _KNOWN, _CONFIRM, *SHARED),
        _new,
        about="A key that was not seen for long.",
        checks=(Check((FOR, _CONFIRM), _not_too_long),),
        part=_new_in_part,
    ),
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
            for name, (_, settings) in node.entries.items() if isinstance(node, Mapping_) else ():
                if name in _READERS:
                    _READERS[name].read(settings, f"{path}.{name}", reading)
            return None
        likely = name if name in _READERS else meant(name, _READERS)
        if likely != name:
            reading.wrong(place, path, f"unknown detector {clipped(name)!r}", did_you_mean(name, _READERS))
        if likely is None:
            return None
        found = _READERS[likely].read(settings, f"{path}.{name}", reading)
        if found is None and (part := reading.part(settings, _READERS[likely])) is not None:
            reading.keep_part(node, self, part)
        return found if likely == name else None

    def schema(self) -> JsonSchema:
        """An object with one of the names."""
        forms: list[JsonSchema] = [
            {"type": "object", "properties": {name: reader.schema()}, "required": [name], "additionalProperties": False}
            for name, reader in _READERS.items()
        ]
        alone: list[Json] = [name for name, reader in _READERS.items() if reader.may_be_empty]
        return {"anyOf": [*forms, {"enum": alone}]}


DETECTORS = Items(OneDetector(), or_one=True, most=10)
