"""The bars that tuning tries of a rule: the same ones whatever is written, so a tuned rule is found as good as it is.

rules ──▶ sensitivities (and a strict budget) × rungs of plain numbers ──▶ one variant each
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from alerts.rules.model import Barred, Detector, Mode, Ratio, Rule, Threshold, Zscore
from pipelines.backtest.variants import BARS, FLOORS, WINDOWS, Setting, Variant, barred_at

#: Plain numbers that are tried, each up to one and a half times the one before.
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
RATIOS = (1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 12.0)
DEVIATIONS = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


def bars_tried(rules: Iterable[Rule]) -> list[Variant]:
    """Return each rule that is not off at every bar, a setting of its own each; those that make the same share a rule to run."""
    found: list[Variant] = []
    for rule in (rule for rule in rules if rule.mode is not Mode.OFF):
        known: dict[tuple[Detector, ...], Rule] = {rule.when: rule}
        for words, when in _bars_of(rule.when):
            if when not in known:
                known[when] = rule.model_copy(update={"name": f"{rule.name}@{len(known):03}", "when": when})
            found.append(Variant(rule.name, Setting("", words, WINDOWS[0], FLOORS[1]), known[when]))
    return found


def _bars_of(when: tuple[Detector, ...]) -> Iterator[tuple[str, tuple[Detector, ...]]]:
    """Yield the detectors at every bar, and the bar in words. Several plain numbers move together, as far as the first."""
    sensitivities = BARS if any(isinstance(one, Barred) for one in when) else ()
    plain = next((one for one in when if isinstance(one, Threshold | Ratio | Zscore)), None)
    rungs = () if plain is None else _rungs(plain)
    for bar, rung in product(sensitivities or (None,), rungs or (None,)):
        if bar is None and rung is None:
            return
        times = 1.0 if plain is None or rung is None else rung / _number(plain)
        words = ", ".join([*([bar] if bar else []), *([f"{_NAMES[type(plain)]} {rung:g}"] if rung is not None else [])])
        yield words, tuple(_moved(one if bar is None else barred_at(one, bar), times) for one in when)


_NAMES: dict[type, str] = {Threshold: "count", Ratio: "ratio", Zscore: "sd"}


def _rungs(one: Threshold | Ratio | Zscore) -> tuple[float, ...]:
    return COUNTS if isinstance(one, Threshold) else RATIOS if isinstance(one, Ratio) else DEVIATIONS


def _number(one: Threshold | Ratio | Zscore) -> float:
    return one.count if isinstance(one, Threshold) else one.ratio if isinstance(one, Ratio) else one.sd


def _moved(one: Detector, times: float) -> Detector:
    if isinstance(one, Threshold):
        return one.model_copy(update={"count": max(1, round(one.count * times))})
    if isinstance(one, Ratio):
        return one.model_copy(update={"ratio": max(RATIOS[0], round(one.ratio * times, 2))})
    if isinstance(one, Zscore):
        return one.model_copy(update={"sd": round(one.sd * times, 2)})
    return one
