"""When to ring, compiled: the settings of each detector. Part of the model of a rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.model import Part
from schemas.reasons import Tone


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
        parts = {key, *key.replace(">", "-").split("-"), key.removeprefix("topic:")}
        return not parts.isdisjoint(self.known)


Detector = Annotated[Spike | Threshold | New, Field(discriminator="kind")]
