"""Rules as the engine reads them: every name an id, every duration whole hours, one canonical JSON. No YAML here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from alerts.rules.detector_model import (
    Barred,
    BaselineSettings,
    Budget,
    Confirm,
    Cusum,
    Detector,
    DetectorSettings,
    Drop,
    Floors,
    New,
    Only,
    PartOf,
    Ratio,
    Record,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    Unit,
    WindowSettings,
    Zscore,
)
from alerts.rules.levels import Level
from alerts.rules.schedule import ActiveTime
from alerts.rules.template import Template
from alerts.rules.watch_model import (
    ActorChoice,
    ActorPart,
    ActorSet,
    ActorsOfType,
    AnyActor,
    KeywordsPart,
    NamedActors,
    Near,
    PairPart,
    Pattern,
    Phrase,
    PlainTerm,
    Scope,
    SourcesPart,
    Stem,
    Term,
    TonePart,
    TopicsPart,
    Watch,
    WatchKind,
)
from schemas.errors import FatalError
from schemas.ids import Json, canonical_json, digest
from schemas.model import Part
from schemas.reasons import Severity

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_MAX_KEYS",
    "ActiveTime",
    "ActorChoice",
    "ActorPart",
    "ActorSet",
    "ActorsOfType",
    "AnyActor",
    "Barred",
    "BaselineSettings",
    "Budget",
    "Confirm",
    "Corroboration",
    "Cusum",
    "Detector",
    "DetectorSettings",
    "Drop",
    "Floors",
    "KeywordsPart",
    "Level",
    "Mode",
    "NamedActors",
    "Near",
    "New",
    "Only",
    "PairPart",
    "PartOf",
    "Pattern",
    "Phrase",
    "PlainTerm",
    "Ratio",
    "Record",
    "Rule",
    "RuleSet",
    "Scope",
    "Sensitivity",
    "Shift",
    "SourcesPart",
    "Spike",
    "Stem",
    "Template",
    "Term",
    "Threshold",
    "TonePart",
    "TopicsPart",
    "Unit",
    "Watch",
    "WatchKind",
    "WindowSettings",
    "Zscore",
    "rules_hash",
    "state_identity",
]

#: What a rule may hold when it does not say otherwise: keys at all, and alerts open at once.
DEFAULT_MAX_KEYS = 10_000
DEFAULT_LIMIT = 50


class Mode(StrEnum):
    """Whether a rule rings, only records what it would have rung, or rests."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


class Corroboration(Part):
    """An alert opens only once its evidence comes from publishers of so many countries."""

    source_countries: int


class Rule(Part):
    """A watch and the detectors any one of which opens an alert on a key of it."""

    name: str
    watch: Watch
    when: tuple[Detector, ...] = Field(min_length=1)
    severity: Severity = Severity.NORMAL
    labels: dict[str, str] = {}
    mode: Mode = Mode.LIVE
    corroborated_by: Corroboration | None = None
    max_keys: int = DEFAULT_MAX_KEYS
    limit: int = DEFAULT_LIMIT
    # Times it may ring; empty = always. What a later version added is written only where it is used (see the detectors).
    levels: tuple[Level, ...] = Field(default=(), exclude_if=lambda levels: not levels)
    active: tuple[ActiveTime, ...] = Field(default=(), exclude_if=lambda times: not times)
    template: Template | None = Field(default=None, exclude_if=lambda template: template is None)


class RuleSet(Part):
    """Rules, sorted by name, each name once. ``language_version`` grows when a compiled form changes its meaning."""

    language_version: Literal[1] = 1
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _sorted_by_unique_name(self) -> Self:
        names = [rule.name for rule in self.rules]
        if names != sorted(set(names)):
            raise ValueError("rules of a set are sorted by name and no name occurs twice")
        return self

    @classmethod
    def of(cls, *rules: Rule) -> Self:
        """Return the set of ``rules`` in its order; :raises ValueError: a name occurs twice."""
        return cls(rules=tuple(sorted(rules, key=lambda rule: rule.name)))

    def compiled(self) -> str:
        """Return the canonical JSON, every default written out, so that a later default cannot change an old set."""
        return canonical_json(self.model_dump(mode="json")).decode()

    @classmethod
    def from_compiled(cls, compiled: str) -> Self:
        """Return the set whose :meth:`compiled` is given; :raises FatalError: another version of Tocsin wrote it."""
        try:
            return cls.model_validate_json(compiled)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the set"
            raise FatalError(
                f"compiled rules cannot be read: {where}: {first['msg']} ({error.error_count()} mistakes in all)",
                remedy="they were activated by another version of Tocsin: upgrade this process, or apply the rules again",
            ) from error


def rules_hash(compiled: str) -> str:
    """Return the 32 hex digits a rule set is known by."""
    return digest("rules", compiled)


def state_identity(rule: Rule) -> str:
    """Return 32 hex digits of what ``rule`` remembers: its watch and the memory settings of its detectors.

    Severity, labels, mode, thresholds, floors, limits and the order of the detectors keep it; a setting that a later
    version adds keeps it too while it has its default.
    """
    detectors = sorted(
        canonical_json({k: v for k, v in _without_defaults(detector).items() if k in detector.MEMORY})
        for detector in rule.when
    )
    return digest("rule-state", canonical_json(_without_defaults(rule.watch)), *dict.fromkeys(detectors))


def _without_defaults(part: Part) -> Mapping[str, Json]:
    fields = type(part).model_fields
    return {
        name: _plain(value)
        for name, value in part
        if name == "kind" or fields[name].is_required() or value != fields[name].default
    }


def _plain(value: object) -> Json:
    if isinstance(value, Part):
        return _without_defaults(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"no canonical form for {type(value).__name__}")


def same_memory(old: Rule, new: Rule) -> bool:
    """Tell whether ``new`` may go on with what ``old`` remembers: same watch, same memories in the same order."""
    return state_identity(old) == state_identity(new) and _memories(old) == _memories(new)


def _memories(rule: Rule) -> list[dict[str, object]]:
    return [{name: getattr(detector, name) for name in detector.MEMORY} for detector in rule.when]
