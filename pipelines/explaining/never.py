"""Rules that cannot ring with the feeds there are, and rules that found nothing in the history: told before they are trusted."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.coverage import CoverageBook
from alerts.rules.match import RuleIndex
from alerts.rules.model import Barred, Detector, Drop, Mode, New, Rule, Shift, SourcesPart, Threshold
from alerts.tracks.bars import BUDGET_HOURS, SELDOM_BELOW, most_keys
from alerts.tracks.counting import FEWEST_PUBLISHERS
from schemas.article import Source
from schemas.coverage import Coverage
from schemas.plain_text import plural
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: A key shares a budget for so long after a story.
_SHARING = timedelta(hours=BUDGET_HOURS)


@dataclass(frozen=True)
class Doubt:
    """Something about a rule. ``never``: as things stand it cannot ring; else it is only worth knowing."""

    rule: str
    never: bool
    text: str


@dataclass
class History:
    """What the log holds, as far as rules are asked about it.

    ``heard`` has, by rule and key, when each of its articles came, of the 28 days before the newest of them.
    """

    sources: tuple[Source, ...] = ()
    articles: int = 0
    first: datetime | None = None
    last: datetime | None = None
    hits: dict[str, int] | None = None
    languages: frozenset[str] = frozenset()
    heard: Mapping[str, Mapping[str, Sequence[datetime]]] = field(default_factory=dict)


def history_of(records: Iterable[SignalsRecord], rules: Sequence[Rule]) -> History:
    """Return what ``records`` hold; articles are counted once, by their newest revision but for withdrawals."""
    index, coverage = RuleIndex(tuple(rules)), CoverageBook()
    hits: dict[str, set[str]] = {rule.name: set() for rule in rules}
    articles: set[str] = set()
    languages: set[str] = set()
    heard: dict[str, defaultdict[str, deque[datetime]]] = {rule.name: defaultdict(deque) for rule in rules}
    found = History()
    for record in records:
        if isinstance(record, Coverage):
            coverage.apply(record)
            found.first, found.last = found.first or record.since, record.at
        elif isinstance(record, Signal):
            articles.add(record.article_id)
            languages.update([record.language] if record.language else [])
            for name, keys in index.hits(record).items():
                if record.article_id not in hits[name]:
                    _hear(heard[name], (hit.key for hit in keys), record.event_time)
                hits[name].add(record.article_id)
    found.sources = tuple(coverage.feeds[feed].source for feed in coverage.counting())
    found.articles, found.languages = len(articles), frozenset(languages)
    found.hits = {name: len(ids) for name, ids in hits.items()}
    found.heard = heard
    return found


def _hear(times_of: Mapping[str, deque[datetime]], keys: Iterable[str], at: datetime) -> None:
    for key in keys:
        times = times_of[key]
        times.append(at)
        while times[0] < at - _SHARING:
            times.popleft()


def doubts(rules: Sequence[Rule], history: History) -> list[Doubt]:
    """Return what is doubtful about ``rules``, in their order; rules that are off are not asked."""
    return [doubt for rule in rules if rule.mode is not Mode.OFF for doubt in _doubts(rule, history)]


def _doubts(rule: Rule, history: History) -> Iterator[Doubt]:
    admitted = [source for source in history.sources if _admits(rule.watch.sources, source)]
    if history.sources and not admitted:
        yield Doubt(rule.name, True, f"can never ring: none of your {_feeds(history)} is among its sources")
        return
    reasons = list(filter(None, (_unreachable(detector, admitted, history.sources) for detector in rule.when)))
    if history.sources and len(reasons) == len(rule.when):
        yield Doubt(rule.name, True, f"can never ring: {'; '.join(dict.fromkeys(reasons))}")
    elif history.sources:
        yield from (Doubt(rule.name, False, f"one of its detectors can never ring: {reason}") for reason in reasons)
    countries = len({source.country for source in admitted if source.country is not None})
    wanted = rule.corroborated_by
    asked = wanted is not None and not all(isinstance(detector, Drop) for detector in rule.when)
    if history.sources and wanted is not None and asked and wanted.source_countries > countries:
        yield Doubt(
            rule.name,
            True,
            f"can never ring: publishers of {plural(countries, 'country', 'countries')} in your feeds,"
            f" corroborated_by asks for {wanted.source_countries}",
        )
    publishers = _publishers(admitted)
    for level in rule.levels if history.sources else ():
        if level.publishers > publishers:
            text = (
                f"{level.severity.value} is never reached: {plural(publishers, 'publisher')} in your feeds can have it"
            )
            yield Doubt(rule.name, False, f"{text}, it asks for {level.publishers}")
    yield from _in_history(rule, history)


def _unreachable(detector: Detector, admitted: Sequence[Source], everybody: Sequence[Source]) -> str:
    """Return why ``detector`` cannot ring with the publishers ``admitted`` of ``everybody``; empty where it can."""
    if isinstance(detector, Shift) and detector.to.sources is not None:
        admitted = [source for source in admitted if _admits(detector.to.sources, source)]
    publishers, covered = _publishers(admitted), _publishers(everybody)
    if isinstance(detector, Threshold):
        needed = max(detector.floors.publishers, detector.count if detector.of.value == "publishers" else 0)
    elif isinstance(detector, New):
        needed = detector.confirm.publishers
    else:
        # Statistical floors ask for no more publishers than there are among those that count, but for two at least.
        needed = min(detector.floors.publishers, max(FEWEST_PUBLISHERS, publishers))
    if needed <= publishers:
        return ""
    if publishers < covered:
        return (
            f"only {publishers} of the {covered} publishers in your feeds can have it, {detector.kind} needs {needed}"
        )
    return f"{plural(publishers, 'publisher', 'publishers')} in your feeds, {detector.kind} needs {needed}"


def _publishers(sources: Sequence[Source]) -> int:
    return len({source.publisher for source in sources})


def _in_history(rule: Rule, history: History) -> Iterator[Doubt]:
    if history.first is None or history.last is None:
        return
    span = history.last - history.first
    days = span / timedelta(days=1)
    hits = (history.hits or {}).get(rule.name, 0)
    if history.articles and not hits:
        yield Doubt(
            rule.name, False, f"found nothing in {plural(history.articles, 'article', 'articles')} of {days:.0f} days"
        )
    missing = [language for language in rule.watch.languages if language not in history.languages]
    if history.articles and missing and len(missing) == len(rule.watch.languages):
        yield Doubt(rule.name, False, f"no article was in {' or '.join(missing)}")
    for detector in rule.when:
        if isinstance(detector, New) and span < timedelta(hours=detector.quiet_for_h):
            ready = history.first + timedelta(hours=detector.quiet_for_h)
            yield Doubt(rule.name, False, f"new is silent until {ready:%Y-%m-%d}: the history has {days:.0f} days")
    yield from _small_budgets(rule, history)


def _small_budgets(rule: Rule, history: History) -> Iterator[Doubt]:
    """Say which budgets are less than a detector can keep to with the keys that had an article in the last 28 days."""
    heard = history.heard.get(rule.name, {})
    if history.last is None or not heard:
        return
    since = history.last - _SHARING
    counts = [sum(at >= since for at in times) for times in heard.values()]
    sharing, seldom = (
        sum(count > 0 for count in counts),
        sum(0 < count < SELDOM_BELOW * BUDGET_HOURS for count in counts),
    )
    for detector in rule.when:
        if not isinstance(detector, Barred) or detector.budget is None:
            continue
        for number, what, most in (
            (sharing, "keys", most_keys(detector)),
            (seldom, "keys that are seldom heard of", most_keys(detector, seldom=True)),
        ):
            if most is not None and number > most:
                allowed = detector.budget.false_alarms_per_month
                kept = float(f"{allowed * number / most:.3g}")
                yield Doubt(
                    rule.name,
                    False,
                    f"its budget of {allowed:g} false alarms a month is less than a {detector.kind} can keep to: {number:,}"
                    f" {what} had an article in the last 28 days, and at its highest bar these ring {kept:g} a month",
                )
                break


def _feeds(history: History) -> str:
    return plural(len(history.sources), "feed", "feeds")


def _admits(part: SourcesPart | None, source: Source) -> bool:
    if part is None:
        return True
    if source.id in part.except_ids or source.group in part.except_groups or source.country in part.except_countries:
        return False
    if not (part.ids or part.groups or part.countries):
        return True
    return source.id in part.ids or source.group in part.groups or source.country in part.countries
