"""When to ring, in a rule file: one reader per detector, their floors, and the detectors of later versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import clipped, did_you_mean, one_of
from alerts.rules.model import Budget, Confirm, Detector, Floors, New, Only, Sensitivity, Spike, Threshold, Unit
from alerts.rules.readers import Hours, Items, JsonSchema, Number, Reader, Reading, Text, Whole, Word, described
from alerts.rules.watch_grammar import TONES, TOPICS
from alerts.rules.yaml_tree import Mapping_, Node, Scalar

_MAX_WINDOW_H = 168


class _Per(StrEnum):
    MONTH = "month"


def _only(values: Values) -> Only | None:
    only = Only(
        tones=tuple(sorted(set(values.get_or(_ONLY_TONE, ())))),
        topics=tuple(sorted(set(values.get_or(_ONLY_TOPICS, ())))),
    )
    if only == Only():
        values.wrong(None, "nothing is listed here", "write tone or topics, or remove only")
        return None
    return only


_ONLY_TONE = Key("tone", TONES, "Tones that count.")
_ONLY_TOPICS = Key("topics", TOPICS, "Topics that count.")
_OF = Key("of", Word(Unit), "What is counted; stories by default: one wire copy on thirty sites is one story.")
_ONLY = Key("only", Fields((_ONLY_TONE, _ONLY_TOPICS), _only), "Counts hits of such a tone or topic alone.")
_RESOLVE = Key("resolve_after", Hours(), "Calm for so long ends an alert; 12h by default.")
_COOLDOWN = Key("cooldown", Hours(least=0), "No new alert on that key for so long after its end; 24h by default.")
_SHARED = (_OF, _ONLY, _RESOLVE, _COOLDOWN)

_STORIES = Key("stories", Whole(least=1), "Stories, at least.")
_PUBLISHERS = Key("publishers", Whole(least=1), "Publishers, at least.")
_TIMES = Key("times", Number(least=0, most=10_000), "Times the expectation, at least.")


@dataclass(frozen=True)
class _WrittenFloors:
    stories: int | None = None
    publishers: int | None = None
    times: float | None = None

    def over(self, default: Floors) -> Floors:
        """Return ``default`` with what is written in its place."""
        return Floors(
            stories=default.stories if self.stories is None else self.stories,
            publishers=default.publishers if self.publishers is None else self.publishers,
            times=default.times if self.times is None else self.times,
        )


def _floors(values: Values) -> _WrittenFloors | None:
    return _WrittenFloors(values.get(_STORIES), values.get(_PUBLISHERS), values.get(_TIMES))


_MIN = Key(
    "min",
    Fields((_STORIES, _PUBLISHERS, _TIMES), _floors),
    "What must be reached besides the score; stories 4, publishers 3, times 2 by default.",
)
_MIN_COUNTS = Key("min", Fields((_STORIES, _PUBLISHERS), _floors), "What must be reached besides the count.")


class _Shared(TypedDict):
    of: Unit
    only: Only | None
    resolve_after_h: int
    cooldown_h: int


def _shared(values: Values) -> _Shared:
    return {
        "of": values.get_or(_OF, Unit.STORIES),
        "only": values.get(_ONLY),
        "resolve_after_h": values.get_or(_RESOLVE, 12),
        "cooldown_h": values.get_or(_COOLDOWN, 24),
    }


_FALSE_ALARMS = Key(
    "false_alarms", Number(least=0.001, most=10_000), "False alarms the whole rule may ring.", required=True
)
_PER = Key("per", Word(_Per), "In what time.", required=True)


def _budget(values: Values) -> Budget | None:
    return Budget(false_alarms_per_month=values.get_or(_FALSE_ALARMS, 1.0))


_SENSITIVITY = Key("sensitivity", Word(Sensitivity), "How far from normal; normal by default.")
_BUDGET = Key("budget", Fields((_FALSE_ALARMS, _PER), _budget), "Instead of a sensitivity: how many false alarms.")
_WINDOWS = Key("windows", Items(Hours(), or_one=True, most=4), "Windows that are looked at; 6h and 24h by default.")
_HALF_LIFE = Key("half_life", Hours(least=24), "Normal forgets half of what it learnt in so long; 14d by default.")


def _spike(values: Values) -> Spike | None:
    sensitivity, budget = values.get(_SENSITIVITY), values.get(_BUDGET)
    windows = tuple(sorted(set(values.get_or(_WINDOWS, Spike().windows_h))))
    if sensitivity is not None and budget is not None:
        values.wrong(_BUDGET, "sensitivity and budget exclude each other", "keep one of them")
        return None
    if windows[-1] > _MAX_WINDOW_H:
        values.wrong(_WINDOWS, f"a window of {windows[-1]}h is too long", f"at most {_MAX_WINDOW_H // 24}d")
        return None
    return Spike(
        sensitivity=None if budget is not None else sensitivity or Sensitivity.NORMAL,
        budget=budget,
        windows_h=windows,
        half_life_h=values.get_or(_HALF_LIFE, Spike().half_life_h),
        floors=values.get_or(_MIN, _WrittenFloors()).over(Spike().floors),
        **_shared(values),
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
        floors=values.get_or(_MIN_COUNTS, _WrittenFloors()).over(Floors()),
        **_shared(values),
    )


_CONFIRM_WITHIN = Key("within", Hours(), "In so long; 48h by default.")


def _confirm(values: Values) -> Confirm | None:
    within = values.get_or(_CONFIRM_WITHIN, Confirm().within_h)
    if within > 35 * 24:
        values.wrong(_CONFIRM_WITHIN, f"{within // 24} days are more than is kept to count in", "at most 35d")
        return None
    return Confirm(stories=values.get_or(_STORIES, 1), publishers=values.get_or(_PUBLISHERS, 1), within_h=within)


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
    Fields((_STORIES, _PUBLISHERS, _CONFIRM_WITHIN), _confirm),
    "How many must have it before it is believed.",
)


def _new(values: Values) -> New | None:
    return New(
        quiet_for_h=values.get_or(_QUIET, 1),
        known=tuple(sorted(set(values.get_or(_KNOWN, ())))),
        confirm=values.get_or(_CONFIRM, Confirm()),
        **_shared(values),
    )


_READERS: Mapping[str, Fields[Detector]] = {
    "spike": Fields(
        (_SENSITIVITY, _BUDGET, _WINDOWS, _HALF_LIFE, _MIN, *_SHARED),
        _spike,
        about="Far more than normal for this key at this hour.",
        may_be_empty=True,
    ),
    "threshold": Fields((_COUNT, _WITHIN, _MIN_COUNTS, *_SHARED), _threshold, about="At least so many in so long."),
    "new": Fields((_QUIET, _KNOWN, _CONFIRM, *_SHARED), _new, about="A key that was not seen for long."),
}
_COMING = frozenset({"shift", "drop", "cusum", "ratio", "zscore", "record"})


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
        if name in _COMING:
            reading.wrong(place, path, f"{name} is not supported by this version", f"use {known}")
        else:
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
