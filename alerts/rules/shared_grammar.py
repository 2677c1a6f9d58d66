"""What a rule has besides its watch and its detectors, in a rule file: written in the rule itself or in ``defaults``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from alerts.rules.detector_parts import FOR, RENOTIFY
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.levels_grammar import LEVELS
from alerts.rules.model import (
    DEFAULT_LIMIT,
    DEFAULT_MAX_KEYS,
    ActiveTime,
    Corroboration,
    Level,
    Mode,
    Rule,
    Template,
)
from alerts.rules.number_readers import Whole
from alerts.rules.readers import TextMap, Word
from alerts.rules.schedule_grammar import SCHEDULE
from alerts.rules.template_grammar import TEMPLATE
from schemas.reasons import Severity


def _corroboration(values: Values) -> Corroboration | None:
    return Corroboration(source_countries=values.get_or(_SOURCE_COUNTRIES, 1))


_SOURCE_COUNTRIES = Key(
    "source_countries",
    Whole(least=1, most=250),
    "Countries the publishers of the evidence sit in, at least.",
    required=True,
    example="source_countries: 2",
)
SEVERITY = Key("severity", Word(Severity), "How loudly; normal by default.")
SEVERITIES = Key("severities", LEVELS, "What makes an alert of the rule graver than severity; nothing by default.")
_LABELS = Key("labels", TextMap(), "For routing and for people; added to those of the defaults.")
_MODE = Key("mode", Word(Mode), "live rings, shadow only records, off rests; live by default.")
CORROBORATED = Key("corroborated_by", Fields((_SOURCE_COUNTRIES,), _corroboration), "Who else must have it.")
_MAX_KEYS = Key("max_keys", Whole(least=1), f"Keys the rule may count, {DEFAULT_MAX_KEYS:,} by default.")
_LIMIT = Key("limit", Whole(least=1), f"Alerts that may be open at once, {DEFAULT_LIMIT} by default.")
_TEMPLATE = Key("template", TEMPLATE, "What the rule adds to its messages; nothing by default.")
_ACTIVE = Key("active", SCHEDULE, "When it may ring; always by default. It counts and learns all the time.")

#: What a rule may leave to ``defaults``.
SHARED = (SEVERITY, SEVERITIES, _LABELS, _MODE, CORROBORATED, _MAX_KEYS, _LIMIT, FOR, RENOTIFY, _ACTIVE, _TEMPLATE)


@dataclass(frozen=True)
class Standing:
    """What a rule has besides its watch and its detectors; None = not written, or wrong: ``unsure`` names those."""

    severity: Severity | None = None
    levels: tuple[Level, ...] | None = None
    labels: dict[str, str] | None = None
    mode: Mode | None = None
    corroborated_by: Corroboration | None = None
    max_keys: int | None = None
    limit: int | None = None
    for_h: int | None = None
    renotify_h: int | None = None
    active: tuple[ActiveTime, ...] | None = None
    template: Template | None = None
    unsure: frozenset[str] = frozenset()

    def over(self, other: Standing) -> Standing:
        """Return this one with what is not written taken from ``other``; labels of both."""
        names = [field.name for field in fields(self) if field.name != "unsure"]
        written = {name: value for name in names if (value := getattr(self, name)) is not None}
        found = {name: getattr(other, name) for name in names if name not in self.unsure} | written
        unsure = self.unsure | (other.unsure - written.keys())
        return Standing(**{**found, "labels": {**(other.labels or {}), **(self.labels or {})}, "unsure": unsure})

    def applied_to(self, rule: Rule) -> Rule:
        """Return ``rule``, which has only a name, a watch and detectors, with what is written here."""
        lasting = {"for_h": self.for_h, "renotify_h": self.renotify_h}
        when = tuple(
            detector.model_copy(
                update={
                    name: hours
                    for name, hours in lasting.items()
                    if hours is not None and name not in detector.model_fields_set
                }
            )
            for detector in rule.when
        )
        return Rule(
            name=rule.name,
            watch=rule.watch,
            when=when,
            severity=self.severity or Severity.NORMAL,
            labels=dict(sorted((self.labels or {}).items())),
            mode=self.mode or Mode.LIVE,
            corroborated_by=self.corroborated_by,
            max_keys=self.max_keys or DEFAULT_MAX_KEYS,
            limit=self.limit or DEFAULT_LIMIT,
            levels=self.levels or (),
            active=self.active or (),
            template=self.template,
        )


#: What is compared with what is written elsewhere, by the name it has here.
_COMPARED: dict[str, Key[Any]] = {  # Any: of any type
    "severity": SEVERITY,
    "levels": SEVERITIES,
    "for_h": FOR,
    "corroborated_by": CORROBORATED,
}

#: Nothing is known of what is written.
UNSURE = Standing(unsure=frozenset(_COMPARED))


def standing_of(values: Values) -> Standing:
    """Return what is written of it."""
    return Standing(
        unsure=frozenset(name for name, key in _COMPARED.items() if not values.sure(key)),
        severity=values.get(SEVERITY),
        levels=values.get(SEVERITIES),
        labels=values.get(_LABELS),
        mode=values.get(_MODE),
        corroborated_by=values.get(CORROBORATED),
        max_keys=values.get(_MAX_KEYS),
        limit=values.get(_LIMIT),
        for_h=values.get(FOR),
        renotify_h=values.get(RENOTIFY),
        active=values.get(_ACTIVE),
        template=values.get(_TEMPLATE),
    )
