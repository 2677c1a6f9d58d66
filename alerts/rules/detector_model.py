"""When to ring, compiled: the settings of each detector. Part of the model of a rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from alerts.rules.watch_model import SourcesPart
from schemas.model import Part
from schemas.reasons import Tone

#: The longest a crossing can be asked to last, in hours: what is older than a day does not change any more.
MAX_FOR_H = 24


class Unit(StrEnum):
    """What is counted."""

    STORIES = "stories"
    PUBLISHERS = "publishers"
    ARTICLES = "articles"


class Sensitivity(StrEnum):
    """How far from normal a spike must be."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Only(Part):
    """Narrows what a detector counts to hits of one of these tones and one of these topics (empty = every one)."""

    tones: tuple[Tone, ...] = ()
    topics: tuple[str, ...] = ()


class Floors(Part):
    """What must be reached besides the score; 0 = no floor. ``times`` is the ratio of count to expectation."""

    stories: int = 0
    publishers: int = 0
    times: float = 0.0


class Budget(Part):
    """How many false alarms the whole rule may ring, a month (30 days)."""

    false_alarms_per_month: float


class DetectorSettings(Part):
    """What every detector has. ``MEMORY`` names the settings that shape what it remembers (see :func:`state_identity`)."""

    MEMORY: ClassVar[frozenset[str]] = frozenset({"kind", "of", "only"})

    of: Unit = Unit.STORIES
    only: Only | None = None
    floors: Floors = Floors()
    resolve_after_h: int = 12
    cooldown_h: int = 24
    # Written only where a rule asks for them, so that the compiled form of every rule without them stays what it was.
    for_h: int = Field(default=0, ge=0, exclude_if=lambda hours: not hours)
    renotify_h: int = Field(default=0, ge=0, exclude_if=lambda hours: not hours)


class Barred(DetectorSettings):
    """A detector whose score must reach a bar. Exactly one of ``sensitivity`` and ``budget`` is set."""

    kind: str
    sensitivity: Sensitivity | None = Sensitivity.NORMAL
    budget: Budget | None = None

    @model_validator(mode="after")
    def _one_bar(self) -> Self:
        if (self.sensitivity is None) == (self.budget is None):
            raise ValueError(f"a {self.kind} has either a sensitivity or a budget")
        return self


class BaselineSettings(Barred):
    """A detector that compares windows with a learnt normal, which forgets half in ``half_life_h``."""

    MEMORY: ClassVar[frozenset[str]] = DetectorSettings.MEMORY | {"windows_h", "half_life_h"}

    windows_h: tuple[int, ...]
    half_life_h: int


class Spike(BaselineSettings):
    """Far more than normal."""

    kind: Literal["spike"] = "spike"
    windows_h: tuple[int, ...] = (6, 24)
    half_life_h: int = 336
    floors: Floors = Floors(stories=4, publishers=3, times=2.0)


class Drop(BaselineSettings):
    """Far fewer than normal: a window of which at least ``expected`` is expected has at most that / ``floors.times``."""

    kind: Literal["drop"] = "drop"
    windows_h: tuple[int, ...] = (24, 72)
    half_life_h: int = 672
    expected: float = 12.0
    floors: Floors = Floors(times=2.0)


class Cusum(BaselineSettings):
    """For long somewhat more than normal: ``ratio`` times as many is what it looks for."""

    MEMORY: ClassVar[frozenset[str]] = BaselineSettings.MEMORY | {"ratio"}

    kind: Literal["cusum"] = "cusum"
    windows_h: tuple[int, ...] = (24,)
    half_life_h: int = 1344
    ratio: float = 2.0
    floors: Floors = Floors(stories=8, publishers=3, times=2.0)


class WindowSettings(DetectorSettings):
    """A detector that compares one window with those before it."""

    MEMORY: ClassVar[frozenset[str]] = DetectorSettings.MEMORY | {"window_h", "baseline_h"}

    window_h: int
    baseline_h: int


class PartOf(Part):
    """What belongs to the part: hits of one of these tones and one of these topics, by these publishers (empty = every one)."""

    tones: tuple[Tone, ...] = ()
    topics: tuple[str, ...] = ()
    sources: SourcesPart | None = None


class Shift(WindowSettings, Barred):
    """Among what is counted, ``to`` has a far larger share than normal. The publishers' floor is that of the part."""

    MEMORY: ClassVar[frozenset[str]] = WindowSettings.MEMORY | {"to"}

    kind: Literal["shift"] = "shift"
    to: PartOf
    window_h: int = 72
    baseline_h: int = 672
    part: int = 5
    floors: Floors = Floors(stories=8, publishers=3)


class Ratio(WindowSettings):
    """``ratio`` times the mean of the windows before, or more. For comparison."""

    kind: Literal["ratio"] = "ratio"
    window_h: int = 24
    baseline_h: int = 672
    ratio: float = 3.0
    floors: Floors = Floors(stories=4, publishers=3)


class Zscore(WindowSettings):
    """``sd`` standard deviations above the mean of the windows before, or more. For comparison."""

    kind: Literal["zscore"] = "zscore"
    window_h: int = 24
    baseline_h: int = 672
    sd: float = 4.0
    floors: Floors = Floors(stories=4, publishers=3)


class Record(WindowSettings):
    """More than any window of the last ``baseline_h`` hours. For comparison."""

    kind: Literal["record"] = "record"
    window_h: int = 24
    baseline_h: int = 672
    floors: Floors = Floors(stories=4, publishers=3)


class Threshold(DetectorSettings):
    """At least ``count`` within any ``within_h`` hours; only the floors that are written apply."""

    MEMORY: ClassVar[frozenset[str]] = DetectorSettings.MEMORY | {"within_h"}

    kind: Literal["threshold"] = "threshold"
    count: int
    within_h: int


class Confirm(Part):
    """How many must have it before a first is believed."""

    stories: int = 1
    publishers: int = 1
    within_h: int = 48


class New(DetectorSettings):
    """A key not seen for ``quiet_for_h`` hours. ``known`` holds actor ids, topic ids or whole keys that are no news."""

    kind: Literal["new"] = "new"
    quiet_for_h: int
    known: tuple[str, ...] = ()
    confirm: Confirm = Confirm()

    def knows(self, key: str) -> bool:
        """Tell whether ``key`` is no news: it, one of its actors, or its topic is in ``known``."""
        if ":" in key:  # Not of actors: a topic's id or a rule's name, which holds any sign.
            return key in self.known or key.removeprefix("topic:") in self.known
        return not {key, *key.replace(">", "-").split("-")}.isdisjoint(self.known)


Detector = Annotated[
    Spike | Shift | Threshold | New | Drop | Cusum | Ratio | Zscore | Record, Field(discriminator="kind")
]
