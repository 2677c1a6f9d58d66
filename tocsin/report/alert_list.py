"""The alerts of a report as its page lists them: a few at once, more by month, all of them. Records in, cards out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from alerts.explanation.names import ActorNames
from pipelines.backtest.judging import AlarmVerdict, JudgedAlarm
from tocsin.report import words
from tocsin.report.alert_card import alert_card, short_card

#: Up to so many alerts stand one below the other; more are folded by month, those that tell most before them.
MOST_AT_ONCE = 60

#: Up to so many are written out with all their headlines; of more, only those that tell most, of the others the first headline.
MOST_WRITTEN_OUT = 400

#: Alerts that are printed: a printed report is a few pages, and the page on screen has the rest.
PRINTED = 24

#: What a month tells of the alerts in it, besides their number.
_TOLD = (AlarmVerdict.HIT, AlarmVerdict.FALSE)


def alert_list(alarms: Sequence[JudgedAlarm], names: ActorNames) -> dict[str, object]:
    """Return ``first`` (cards that stand open), ``months`` (those that are folded) and two notes; every alarm is in one."""
    by_worth = sorted(alarms, key=_tells_most)
    printed = {id(one) for one in by_worth[:PRINTED]}
    folded = len(alarms) > MOST_AT_ONCE
    first = sorted(by_worth[:PRINTED], key=lambda one: one.alarm.opened) if folded else alarms
    full = {id(one) for one in by_worth[:MOST_WRITTEN_OUT]}
    return {
        "first": [alert_card(one, names) | {"printed": id(one) in printed} for one in first],
        "months": _months(alarms, names, full) if folded else [],
        "note": _note(len(alarms), folded=folded),
        "unprinted": _unprinted(len(alarms)),
    }


def _tells_most(judged: JudgedAlarm) -> tuple[bool, float, datetime]:
    """Return what to sort by, what tells a reader of a few pages most first."""
    return judged.verdict is not AlarmVerdict.HIT, -(judged.alarm.opening.score or 0.0), judged.alarm.opened


def _months(alarms: Sequence[JudgedAlarm], names: ActorNames, full: set[int]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for month, group in groupby(alarms, key=lambda one: f"{one.alarm.opened:%B %Y}"):
        of_month = list(group)
        cards = [alert_card(one, names) if id(one) in full else short_card(one, names) for one in of_month]
        found.append({"name": month, "told": _told(of_month), "alerts": cards})
    return found


def _told(of_month: Sequence[JudgedAlarm]) -> str:
    said = words.many(len(of_month), "alert")
    counts = Counter(one.verdict for one in of_month)
    parts = [f"{counts[verdict]:,} {words.WORDS_OF_VERDICT[verdict]}" for verdict in _TOLD if counts[verdict]]
    return f"{said}: {', '.join(parts)}" if parts else said


def _note(every: int, *, folded: bool) -> str:
    said = "The headlines an alert rang on, one of each story first. Links lead to the publishers."
    if folded:
        said += (
            f" These {PRINTED} tell most: those for a listed event, then those with the highest score. "
            f"All {every:,} follow by month."
        )
    if every > MOST_WRITTEN_OUT:
        said += f" {MOST_WRITTEN_OUT} have all their headlines here, the others the first; report.json has all."
    return said


def _unprinted(every: int) -> str:
    if every <= PRINTED:
        return ""
    which = "that tell most: for a listed event first, then by score"
    return f"Printed are the {PRINTED} of {every:,} {which}; the page on screen has all."
