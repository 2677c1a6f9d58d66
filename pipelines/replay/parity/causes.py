"""Why a crossing is in one run and not in the other: from what the two engines counted, and from what the log says of it.

A cause is something recorded. Where nothing recorded differs, there is none, and that is told as a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerts.detectors.spike_parameters import SpikeParameters
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.rules.model import Rule, same_memory
from alerts.tracks.bars import is_counted_anew
from pipelines.replay.parity.fates import Fate, Known
from pipelines.replay.parity.settled import Counted, Crossing, Settled
from schemas.ids import hour_start, milliseconds


class Cause(StrEnum):
    """Why the two runs differ."""

    LATE = "late"  # observed too late to be counted live
    BACKFILL = "backfill"  # undated and perhaps old: never counted live
    BEHIND = "behind"  # extraction was so far behind that the engine had learnt the hour
    PUT_ASIDE = "put_aside"  # the decider could not take it, or an operator had it skipped
    DEAD_LETTER = "dead_letter"  # extraction could make no signal of it then
    NOT_EXTRACTED = "not_extracted"  # extraction can make no signal of it now
    GONE = "gone"  # the log holds its signal, but the article no more
    EXTRACTOR = "extractor"  # another version of the extractor finds something else in it
    COVERAGE = "coverage"  # its feed's hour had no exposure in one of the runs
    RULE = "rule"  # another version of the rule was in force
    KEYS = "keys"  # the rule was full, and refused the keys that came last
    BUDGET = "budget"  # the rule's bar goes by how many keys had news when it was fixed, and not all had come by then


@dataclass(frozen=True)
class Because:
    """A cause, an article that shows it (empty for the rule as a whole), and how many do."""

    cause: Cause
    article_id: str = ""
    articles: int = 0


@dataclass(frozen=True)
class Records:
    """What is known of the articles: fates by id, the extractor of the replay, and those it made no signal of."""

    fates: Mapping[str, Known]
    dead: frozenset[str] | set[str]
    gone: frozenset[str] | set[str]
    extracted: frozenset[str] | set[str]
    version: str


def causes(crossing: Crossing, live: Settled, again: Settled, records: Records) -> list[Because]:
    """Return why ``crossing`` is in one of the runs only, articles of its own window first; empty: nothing says why."""
    found: dict[Cause, Because] = {}
    window_h = live.crossed.get(crossing) or again.crossed.get(crossing) or 1
    first = crossing.hour - window_h + 1
    differing = sorted(_differing(crossing, live, again), key=lambda pair: (pair[1] < first, pair[0]))
    rules = (live.rule_at(crossing.rule, crossing.hour), again.rule_at(crossing.rule, crossing.hour))
    for article_id, _ in differing:
        cause = _of_article(article_id, crossing, live, again, records, rules)
        if cause is not None:
            before = found.get(cause)
            found[cause] = Because(
                cause, before.article_id if before else article_id, before.articles + 1 if before else 1
            )
    if rules[0] != rules[1]:
        found.setdefault(Cause.RULE, Because(Cause.RULE))
    if not found and crossing.rule in live.full | again.full:
        found[Cause.KEYS] = Because(Cause.KEYS)
    if not found and any(rule is not None and _has_budget(rule) for rule in rules):
        others = _bar_differs(crossing, live, again)
        if others is not None:
            found[Cause.BUDGET] = Because(Cause.BUDGET, others)
    return list(found.values())


def _differing(crossing: Crossing, live: Settled, again: Settled) -> Iterator[tuple[str, int]]:
    """Yield (article, hour) of what the two runs counted otherwise up to the hour of ``crossing``."""
    mine, other = live.counted.get(crossing[:2], {}), again.counted.get(crossing[:2], {})
    for article_id in mine.keys() | other.keys():
        one, two = mine.get(article_id), other.get(article_id)
        hour = min(counted.hour for counted in (one, two) if counted is not None)
        if hour <= crossing.hour and _effect(one) != _effect(two):
            yield article_id, hour


def _effect(counted: Counted | None) -> Counted | None:
    """Return what is counted; what its feed's blindness hides counts as little as what is not there."""
    return counted if counted is not None and counted.seen else None


def _of_article(
    article_id: str,
    crossing: Crossing,
    live: Settled,
    again: Settled,
    records: Records,
    rules: tuple[Rule | None, Rule | None],
) -> Cause | None:
    known = records.fates.get(article_id)
    if known is None:
        return Cause.DEAD_LETTER if article_id in records.dead else None
    if known.fate is not Fate.ACCEPTED:
        return Cause(known.fate.value)
    if article_id in records.gone:
        return Cause.GONE
    if article_id not in records.extracted:
        return Cause.NOT_EXTRACTED
    mine, other = (settled.counted.get(crossing[:2], {}).get(article_id) for settled in (live, again))
    if mine is not None and other is not None and mine.seen != other.seen:
        return Cause.COVERAGE
    one, two = rules
    if one is None or two is None or not same_memory(one, two):
        return Cause.RULE
    if known.extractor_version != records.version:
        return Cause.EXTRACTOR
    return Cause.KEYS if crossing.rule in live.full | again.full else None


def _has_budget(rule: Rule) -> bool:
    return any(getattr(detector, "budget", None) is not None for detector in rule.when)


def _bar_differs(crossing: Crossing, live: Settled, again: Settled) -> str | None:
    """Return an article of the rule that had happened, but not come, when its bar was fixed, or that one run lacks."""
    for fixed in _bar_fixed(crossing, live):
        fixed_ms = milliseconds(hour_start(fixed))
        for (rule, key), articles in sorted(live.counted.items()):
            if rule != crossing.rule:
                continue
            other = again.counted.get((rule, key), {})
            for article_id, counted in sorted(articles.items()):
                if counted.hour < fixed and (counted.observed_ms >= fixed_ms or other.get(article_id) != counted):
                    return article_id
    for (rule, key), articles in sorted(again.counted.items()):
        if rule == crossing.rule:
            for article_id in sorted(articles.keys() - live.counted.get((rule, key), {}).keys()):
                return article_id
    return None


def _bar_fixed(crossing: Crossing, live: Settled) -> list[int]:
    """Return the hours at whose opening the bar was found: the last midnight and, in a young history, that hour itself."""
    rule = live.rule_at(crossing.rule, crossing.hour)
    midnight = crossing.hour - crossing.hour % 24
    if live.first is None or rule is None:
        return [midnight]
    guard_h = max(SpikeParameters(windows_h=getattr(detector, "windows_h", (24,))).guard_h for detector in rule.when)
    # The first hour that settles is a day before the one that is open then, where the history begins.
    learnt_h = crossing.hour + 1 - guard_h - (live.first + OPEN_TO_CHANGE_HOURS)
    return [midnight, crossing.hour] if is_counted_anew(crossing.hour, learnt_h) else [midnight]
