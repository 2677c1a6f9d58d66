"""The same rules with other settings or other detectors, to be tried side by side in one pass. Rules in, rules out.

A rule set holds rules that never touch each other, so a hundred settings cost one reading of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from alerts.rules.detector_words import duration
from alerts.rules.model import (
    Barred,
    BaselineSettings,
    Budget,
    Detector,
    Floors,
    Mode,
    PartOf,
    Ratio,
    Record,
    Rule,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    WatchKind,
    WindowSettings,
    Zscore,
)
from alerts.tracks.bars import FITS
from schemas.errors import UsageError
from schemas.reasons import Tone

#: Stands between a rule's name and the setting it is tried with; no name in a rule file holds it.
_MARK = "@"

#: The score of the strictest bar that is tried; it is written as the budget that leads to it.
_STRICT_K = 5.0

#: How far plain numbers move with the bar: the count of a threshold, the multiple of a ratio, deviations of a z-score.
_TIMES_OF = {"high": 0.6, "normal": 1.0, "low": 1.6, "strict": 2.5}

BARS = ("high", "normal", "low", "strict")
FLOORS = ("low floors", "floors as written", "high floors")
WINDOWS = ("windows as written", "one day")

#: Detectors that can take another's place in a comparison.
COMPARABLE = ("spike", "shift", "threshold", "ratio", "zscore", "record")


@dataclass(frozen=True, slots=True)
class Setting:
    """How rules are changed: the detector that takes the place of theirs ("" = their own), bar, windows, floors."""

    detector: str
    bar: str
    windows: str
    floors: str

    @property
    def name(self) -> str:
        """The setting in words."""
        return ", ".join(filter(None, (self.detector, self.bar, self.windows, self.floors)))


AS_WRITTEN = Setting("", "normal", WINDOWS[0], FLOORS[1])


@dataclass(frozen=True, slots=True)
class Variant:
    """``rule`` is ``base`` under ``setting``, with a name of its own."""

    base: str
    setting: Setting
    rule: Rule

    def key(self, key: str) -> str:
        """Return ``key`` as the base rule calls it: the one key of keywords and topics carries the rule's name."""
        return f"{key.removesuffix(self.rule.name)}{self.base}" if key.endswith(f":{self.rule.name}") else key


def as_written(rules: Iterable[Rule]) -> list[Variant]:
    """Return the rules themselves, those switched off left out."""
    return [Variant(rule.name, AS_WRITTEN, rule) for rule in rules if rule.mode is not Mode.OFF]


def grid(detectors: Sequence[str] = ("",)) -> list[Setting]:
    """Return every setting of a sweep, in the order bar, windows, floors; for a comparison by detector first."""
    return [
        Setting(detector, bar, windows, floors)
        for detector, windows, floors, bar in product(detectors, WINDOWS, FLOORS, BARS)
        if not detector or windows == WINDOWS[0]
    ]


def varied(rules: Iterable[Rule], settings: Sequence[Setting]) -> list[Variant]:
    """Return each rule under each of ``settings``. Settings that make the same of a rule share one rule to run.

    One that changes nothing shares the rule as it is written.
    """
    found: list[Variant] = []
    for rule in [rule for rule in rules if rule.mode is not Mode.OFF]:
        known: dict[tuple[Detector, ...], Rule] = {rule.when: rule}
        for setting in settings:
            when = tuple(dict.fromkeys(_under(detector, setting) for detector in _of(rule, setting.detector)))
            if when not in known:
                name = f"{rule.name}{_MARK}{len(known):03}"
                known[when] = rule.model_copy(update={"name": name, "when": when})
            found.append(Variant(rule.name, setting, known[when]))
    return found


def rules_to_run(variants: Iterable[Variant]) -> dict[str, Variant]:
    """Return one variant for each rule that has to be run, by that rule's name."""
    return {variant.rule.name: variant for variant in variants}


def detectors_named(text: str) -> list[str]:
    """Return the detectors in ``spike,shift,…``; :raises UsageError: one cannot take another's place."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    wrong = [name for name in names if name not in COMPARABLE]
    if wrong or not names:
        raise UsageError(
            f"--compare: {', '.join(wrong) or 'nothing'} cannot be compared",
            remedy=f"use {', '.join(COMPARABLE)}, separated by commas",
        )
    return names


def _of(rule: Rule, detector: str) -> tuple[Detector, ...]:
    """Return the detectors of ``rule``, or its default ``detector`` counting what the first of its own counts."""
    if not detector:
        return rule.when
    own = [one for one in rule.when if one.kind == detector]
    if own:
        return tuple(own)
    counted = {"of": rule.when[0].of, "only": rule.when[0].only}
    match detector:
        case "spike":
            return (Spike().model_copy(update=counted),)
        case "shift":
            return (Shift(to=PartOf(tones=(Tone.CONFLICT,))),)
        case "threshold":
            return (Threshold(count=6, within_h=24).model_copy(update=counted),)
        case "ratio":
            return (Ratio().model_copy(update=counted),)
        case "zscore":
            return (Zscore().model_copy(update=counted),)
        case _:
            return (Record().model_copy(update=counted),)


def _under(detector: Detector, setting: Setting) -> Detector:
    changes: dict[str, object] = {}
    if isinstance(detector, Barred):
        changes.update(_bar(detector.kind, setting.bar))
    elif isinstance(detector, Threshold):
        changes["count"] = max(1, round(detector.count * _TIMES_OF[setting.bar]))
    elif isinstance(detector, Ratio):
        changes["ratio"] = max(1.2, round(detector.ratio * _TIMES_OF[setting.bar], 2))
    elif isinstance(detector, Zscore):
        changes["sd"] = round(detector.sd * _TIMES_OF[setting.bar], 2)
    if isinstance(detector, Spike) and setting.windows == "one day":
        changes["windows_h"] = (24,)
    if isinstance(detector, BaselineSettings | WindowSettings) and detector.kind != "drop":
        changes["floors"] = _floors(detector.floors, setting.floors)
    return detector.model_copy(update=changes) if changes else detector


def barred_at(detector: Detector, bar: str) -> Detector:
    """Return ``detector`` at ``bar``, one of :data:`BARS`, where its score has to reach one; else as it is."""
    return detector.model_copy(update=_bar(detector.kind, bar)) if isinstance(detector, Barred) else detector


def _bar(kind: str, bar: str) -> dict[str, object]:
    if bar != "strict":
        return {"sensitivity": Sensitivity(bar), "budget": None}
    # A budget is shared by the keys with news: of one key it leads to this score, of many to a higher one.
    budget = float(f"{10 ** FITS[kind].log_rate_at(_STRICT_K):.2g}")  # As it can be written into a rule file.
    return {"sensitivity": None, "budget": Budget(false_alarms_per_month=budget)}


def _floors(floors: Floors, wanted: str) -> Floors:
    if wanted == "low floors":
        stories, publishers = max(2, floors.stories - 2), max(1, floors.publishers - 1)
    elif wanted == "high floors":
        stories, publishers = floors.stories * 2, floors.publishers + 1
    else:
        return floors
    return floors.model_copy(update={"stories": stories, "publishers": publishers})


def in_words(rule: Rule) -> str:
    """Return what a rule looks at as its detectors' numbers: windows, bar, floors."""
    return "; ".join(_detector(one) for one in rule.when)


def _detector(one: Detector) -> str:
    parts: list[str] = [one.kind]
    if isinstance(one, Barred) and one.sensitivity is not None:
        parts.append(one.sensitivity.value)
    elif isinstance(one, Barred) and one.budget is not None:
        parts.append(f"budget {one.budget.false_alarms_per_month:.2g} a month")
    if isinstance(one, BaselineSettings):
        parts.append("windows " + "+".join(duration(hours) for hours in one.windows_h))
    if isinstance(one, WindowSettings):
        parts.append(f"window {duration(one.window_h)}")
    if isinstance(one, Threshold):
        parts.append(f"{one.count} within {duration(one.within_h)}")
    if isinstance(one, Ratio):
        parts.append(f"{one.ratio:g} times the mean")
    if isinstance(one, Zscore):
        parts.append(f"{one.sd:g} deviations")
    if one.floors.stories or one.floors.publishers:
        parts.append(f"at least {one.floors.stories} stories of {one.floors.publishers} publishers")
    return ", ".join(parts)


def has_fixed_keys(rule: Rule) -> bool:
    """Tell whether the keys of ``rule`` are known from the rule alone: named actors, keywords, listed topics."""
    watch = rule.watch
    if watch.kind is WatchKind.PAIR and watch.pair is not None:
        return all(choice.kind == "named" for choice in (*watch.pair.one, *watch.pair.other))
    if watch.kind is WatchKind.ACTOR and watch.actor is not None:
        return all(choice.kind == "named" for choice in watch.actor.any)
    return True
