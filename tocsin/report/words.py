"""A backtest in sentences that need no knowledge of statistics. Records in, text out; the page escapes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.backtest.choosing import Point
from pipelines.backtest.intervals import Share, quartiles
from pipelines.backtest.judging import AlarmVerdict, EventFate, Matching, in_hours
from pipelines.backtest.report import Report
from pipelines.backtest.scores import Score
from pipelines.backtest.variants import Setting
from pipelines.replay.order import ChosenOrder, Order

#: What each verdict is called: an alert that no list has may still be right.
WORDS_OF_VERDICT = {
    AlarmVerdict.HIT: "for a listed event",
    AlarmVerdict.REPEAT: "for a listed event, again",
    AlarmVerdict.FALSE: "not on the list",
    AlarmVerdict.DURING: "while a listed event went on",
    AlarmVerdict.LEARNING: "in the first week",
}

#: Settings of a sweep in words; those that leave the rules as they are written are not told.
_WORDS_OF_SETTING = {
    "high": "sensitivity high",
    "normal": "sensitivity normal",
    "low": "sensitivity low",
    "strict": "a bar above sensitivity low",
    "one day": "windows of one day",
    "low floors": "lower floors (fewer stories and publishers are enough)",
    "high floors": "higher floors (more stories and publishers are needed)",
}

#: Fewer events than this have no quartiles worth telling.
_FEW = 4


#: Missed events that are named in the summary, and how much of their names.
_NAMED, _NAME_CHARACTERS = 5, 70


def many(count: int, what: str) -> str:
    """Return "1 alert", "2 alerts", "1 story", "2 stories"."""
    plural = f"{what[:-1]}ies" if what.endswith("y") and what[-2:-1] not in "aeiou" else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


def share_in_words(share: Share) -> str:
    """Return "5 of 6 (83 %; likely between 44 % and 97 %)"."""
    if share.value is None:
        return "none to go by"
    low, high = share.interval
    return f"{share.part} of {share.whole} ({share.value:.0%}; likely between {low:.0%} and {high:.0%})"


def per_cent(share: Share) -> str:
    """Return "83 % (44–97)"; a dash of nothing."""
    if share.value is None:
        return "–"
    low, high = share.interval
    return f"{share.value:.0%} ({low * 100:.0f}–{high * 100:.0f})"


def span(hours: float) -> str:
    """Return hours as people say them: "40 minutes", "15 hours", "3.5 days"."""
    if hours < 1:
        return many(round(hours * 60), "minute")
    if hours < 48:
        return many(round(hours), "hour")
    days = hours / 24
    return f"{days:.1f} days" if days < 10 else f"{days:.0f} days"


def a_week(value: float) -> str:
    """Return a rate in words."""
    if value == 0:
        return "never"
    if value >= 0.95:
        return f"{value:.1f} a week"
    return f"one in {1 / value:.0f} weeks" if value > 1 / 52 else f"{value * 52:.1f} a year"


def times(count: int) -> str:
    """Return "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count) or f"{count:,} times"


def normally(expected: float, window_h: int) -> str:
    """Return what ``expected`` stories in a window mean: "3.2 would have been normal", "normally one comes in 6 days"."""
    if expected >= 1.0:
        return f"{expected:.2g} would have been normal"
    return "normally none comes" if expected <= 0.0 else f"normally one comes in {span(window_h / expected)}"


def stories_a_day(mean: float) -> str:
    """Return a mean as "4.9 stories a day", or "a story in 12 days" where it is small."""
    if mean <= 0.0:
        return "No story"
    return f"{mean:.1f} stories a day" if mean >= 0.5 else f"A story in {span(24 / mean)}"


def delay_in_words(score: Score) -> str:
    """Return when events were found: "half of them within 15 hours of their start"."""
    found = quartiles(score.delays_h)
    if found is None:
        return ""
    lower, median, upper = found
    if len(score.delays_h) == 1:
        return f"{span(abs(median))} {'before' if median < 0 else 'after'} its stated start"
    if median < 0:
        middle = f"half of them {span(-median)} or more before their stated start"
    else:
        middle = f"half of them within {span(median)} of their stated start"
    if len(score.delays_h) < _FEW or signed(lower) == signed(upper):
        return middle
    return f"{middle} (the middle half between {signed(lower)} and {signed(upper)})"


def signed(hours: float) -> str:
    """Return "+15.0 h"; a minus is before the start."""
    return f"{'−' if hours < 0 else '+'}{abs(hours):.1f} h"


def day(when: datetime) -> str:
    """Return a day as people write it: "1 May 2023"."""
    return f"{when.day} {when:%B %Y}"


def last_day(until: datetime) -> str:
    """Return the last day of a time that ends before ``until``."""
    return day(until - timedelta(seconds=1))


def setting(of: Setting) -> str:
    """Return a setting of a sweep in words: "sensitivity high, lower floors (…)"."""
    parts = [_WORDS_OF_SETTING[part] for part in (of.bar, of.windows, of.floors) if part in _WORDS_OF_SETTING]
    return ", ".join([f"the detector {of.detector}"] * bool(of.detector) + parts)


def moment(when: datetime | None) -> str:
    """Return an instant for people, UTC."""
    return when.strftime("%Y-%m-%d %H:%M") if when is not None else "–"


def summary(report: Report) -> list[str]:
    """Return what was found as a few sentences, the most important first."""
    total, stretch = report.total, report.stretch
    said = [
        f"{many(len(report.rules), 'rule')} watched {many(report.articles, 'article')} of "
        f"{many(len(report.archive.sources), 'source')} from {day(stretch.first)} to {last_day(stretch.last)}, as if "
        f"{'they' if len(report.rules) > 1 else 'it'} had been switched on at the time.",
        _how_often("They" if len(report.rules) > 1 else "It", total),
    ]
    if report.truth is not None:
        said.extend(_against_truth(report))
    else:
        said.append(
            "Nobody has said yet what really happened, so this report tells how often the rules ring, not how often they are "
            "right. Label some alarms with `tocsin truth label`, or write down events, and run it again."
        )
    said.extend(_blindness(total))
    quiet = [rule.rule.name for rule in report.rules if not rule.judgement.alarms]
    if quiet:
        shown = ", ".join(quiet[:8]) + (f" and {len(quiet) - 8} more" if len(quiet) > 8 else "")
        said.append(f"Never rang: {shown}.")
    return said


def _how_often(who: str, total: Score) -> str:
    if total.openings <= 1:
        return f"{who} rang once in {span(total.hours)}." if total.openings else f"{who} never rang."
    return f"{who} rang {times(total.openings)}: {a_week(total.a_week)} in all."


def _against_truth(report: Report) -> list[str]:
    total = report.total
    if total.recall.whole:
        said = [
            f"Of the listed events that could be found, {share_in_words(total.recall)} {_were(total.recall)} found."
        ]
    else:
        said = ["None of the listed events could have been found in this time."]
    if delay := delay_in_words(total):
        said[0] = f"{said[0][:-1]}, {delay}."
    missed = [event.event.event for event in report.events if event.fate is EventFate.MISSED]
    if missed:
        shown = "; ".join(_short(name) for name in missed[:_NAMED])
        said.append(f"Missed: {shown}." if len(missed) <= _NAMED else f"Missed {len(missed):,}, among them: {shown}.")
    if total.precision.whole:
        right = f"{share_in_words(total.precision)} {_were(total.precision)} about a listed event"
        said.append(f"Of the alarms that can be judged, {right}.")
    during, false = total.alarms[AlarmVerdict.DURING], total.alarms[AlarmVerdict.FALSE]
    if during:
        counts = "counts" if during == 1 else "count"
        said.append(f"{many(during, 'alarm')} rang later, while a listed event went on, and {counts} neither way.")
    if false:
        said.append(
            f"{many(false, 'alarm')} matched no listed event. A list is never complete: look at them before calling them false."
        )
    for fate, why in (
        (EventFate.BLIND, "in time without news, and so not counted as missed"),
        (EventFate.LEARNING, "in the first week, before normal was known, and so not counted"),
        (EventFate.OUTSIDE, "outside these days, or too near to their end to be found in time"),
        (EventFate.UNWATCHED, "watched by no rule"),
    ):
        if total.events[fate]:
            said.append(f"Besides: {many(total.events[fate], 'listed event')} {why}.")
    return said


def _were(share: Share) -> str:
    return "was" if share.part == 1 else "were"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else f"{name[:_NAME_CHARACTERS].rsplit(' ', maxsplit=1)[0]} …"


def _blindness(total: Score) -> list[str]:
    if total.blind_h <= 0:
        return []
    return [
        f"For {span(total.blind_h)} ({total.blind_h / total.hours:.1%} of the time) most sources were silent: the rules were "
        "blind then, which is neither calm nor news."
    ]


def matching_in_words(matching: Matching, delay: str, order: ChosenOrder) -> list[str]:
    """Return how alarms and events were matched, and when articles are taken to have arrived."""
    said = [
        f"An alarm counts for an event when it opened or grew from {in_hours(matching.before)} before to "
        f"{in_hours(matching.after)} after the stated start of the event ({matching})."
    ]
    if order.order is Order.ARRIVAL:
        said.append("Articles came to the rules when they arrived; what arrived a day after its hour was not counted.")
        if order.late:
            said.append(f"So {order.late:,} of {many(order.articles, 'article')} counted for nothing.")
    elif delay == "none":
        said.append(
            "Articles came to the rules at the moment they were published. A real watch sees them some time later, and rings "
            "that much later."
        )
    if delay != "none":
        half, _, most = delay.partition("/")
        rest = f", nine of ten within {most}" if most else ""
        said.append(
            f"Where the archive does not say when an article arrived, it is taken to have come {half} after publication"
            f"{' (half of all)' if most else ''}{rest}."
        )
    return said


def choice_in_words(report: Report) -> list[str]:
    """Return which setting fits the budget, and how it did on the days it was not chosen on."""
    if report.sweep is None:
        return []
    choice = report.sweep.choice
    first = f"{day(report.stretch.first)} to {last_day(choice.split)}"
    second = f"{day(choice.split)} to {last_day(report.stretch.last)}"
    if choice.point is None:
        return [f"No setting kept to {choice.budget_a_week:g} alerts a week from {first}."]
    point = choice.point
    most = f"{choice.budget_a_week:g} {'alert' if choice.budget_a_week == 1 else 'alerts'} a week"
    said = [
        f"For at most {most}, judged on {first} alone, the best of all settings tried is: "
        f"{setting(point.setting)}. All else stays as it is written."
    ]
    if point.chosen_on.judged and not point.chosen_on.recall.whole:
        said.append(
            "No listed event lies in those days, so this is no more than the keenest setting that keeps to the budget."
        )
    later = point.judged_on
    rang = f"rang {times(later.openings)}, {a_week(later.a_week)}" if later.openings else "never rang"
    told = f"On the days it was not chosen on ({second}) it {rang}"
    if later.judged:
        told += f"; of the listed events it found {share_in_words(later.recall)}, and of its alarms "
        told += f"{share_in_words(later.precision)} {_were(later.precision)} about one"
    return [*said, f"{told}."]


def best_points(points: list[Point], count: int = 12) -> list[Point]:
    """Return settings worth a row, one for each outcome: those that find most first, of these the ones that ring least."""
    outcomes: dict[tuple[int, int, int], Point] = {}
    for point in sorted(points, key=lambda one: (-(one.whole.recall.value or 0.0), one.whole.a_week)):
        score = point.whole
        outcomes.setdefault((score.recall.part, score.precision.part, score.openings), point)
    return list(outcomes.values())[:count]
