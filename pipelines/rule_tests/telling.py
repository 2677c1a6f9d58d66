"""The result of a timeline test in words: what was expected, what happened, and the nearest miss with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from alerts.explanation.phrases import counted
from alerts.explanation.standing_words import standing_line
from alerts.rules.timeline_model import Expectation, Timeline
from pipelines.rule_tests.run import Checked, TimelineResult
from pipelines.rule_tests.stream import start_of
from schemas.alert_event import AlertEvent
from schemas.plain_text import plural
from schemas.reasons import EventKind

_EVENTS_SHOWN = 5


def told(result: TimelineResult, file: str) -> Iterator[str]:
    """Yield the lines about ``result``: one where it passed, else a few for each expectation that did not hold."""
    test = result.timeline
    if result.passed:
        yield f"ok      {test.name}"
        return
    yield f"FAILED  {test.name}"
    for check in result.checks:
        if not check.held:
            yield from _failure(check, result, file)
    last = {(event.rule, event.key): event.at for event in result.before}
    times = Counter((event.rule, event.key) for event in result.before)
    for (rule, key), at in last.items():
        often = "" if times[rule, key] == 1 else f", {times[rule, key]} times, the last"
        yield f"    note: the background alone had rung before the start: {rule} {key}{often} at {at:%d %b %H:%M}"


def _failure(check: Checked, result: TimelineResult, file: str) -> Iterator[str]:
    yield f"    {file}:{check.expectation.line}"
    yield f"      expected  {_expected(check.expectation, result.timeline)}"
    shown = [_event(event, result.timeline) for event in check.happened[:_EVENTS_SHOWN]]
    if len(check.happened) > _EVENTS_SHOWN:
        shown.append(f"and {plural(len(check.happened) - _EVENTS_SHOWN, 'more event')}")
    for number, line in enumerate(shown or [_nothing(check, result)]):
        yield f"      {'happened' if number == 0 else '        '}  {line}"
    for rule, standing in check.nearest:
        held_back = "" if standing.missing else _held_back(rule, standing.key, check.expectation, result)
        yield f"      nearest   {rule} {standing.key}: {standing_line(standing)}{held_back}"


def _held_back(rule: str, key: str, expected: Expectation, result: TimelineResult) -> str:
    """Say which alert was there already, or resolved too lately, when nothing else is lacking; "" where there was none."""
    end = start_of(result.timeline) + timedelta(minutes=expected.last)
    there = [
        event
        for event in (*result.before, *result.events)
        if event.event is EventKind.OPENED and (event.rule, event.key) == (rule, key) and event.at <= end
    ]
    if not there:
        return ""
    at = there[-1].at
    when = (
        f"{at:%d %b %H:%M}, before the start" if there[-1] in result.before else moment(_minutes(at, result.timeline))
    )
    return f", but the alert that opened on it at {when} was open still or in its cool-down"


def _nothing(check: Checked, result: TimelineResult) -> str:
    name = check.expectation.rule or result.timeline.rule
    other = [e for e in result.events if name in (None, e.rule) and e.event.value == check.expectation.outcome.value]
    if other:
        return "nothing in that time; " + _event(other[0], result.timeline)
    if name is not None and name not in result.counted:
        return f"nothing; {name} counted none of the articles: `tocsin rules explain {name}` says what it counts"
    return "nothing"


def _expected(expected: Expectation, timeline: Timeline) -> str:
    parts = [expected.outcome.value, expected.rule or timeline.rule or "(any rule)"]
    if expected.key is not None:
        parts.append(expected.key)
    parts.append(f"between {moment(expected.first)} and {moment(expected.last)}")
    if expected.reason is not None:
        parts.append(f"because of {expected.reason.value}")
    if expected.severity is not None:
        parts.append(f"severity {expected.severity.value}")
    return " ".join(parts)


def _event(event: AlertEvent, timeline: Timeline) -> str:
    at = _minutes(event.at, timeline)
    window = f": {counted(event.counts)} in {event.window.hours} h" if event.window is not None else ""
    score = f", score {event.score:g}" if event.score is not None else ""
    return (
        f"{event.event.value} {' '.join(filter(None, (event.rule, event.key)))} at {moment(at)}, reason {event.reason.value},"
        f" severity {event.severity.value}{window}{score}"
    )


def _minutes(at: datetime, timeline: Timeline) -> int:
    return (at - start_of(timeline)) // timedelta(minutes=1)


def moment(minutes: int) -> str:
    """Return ``1d 6h 30m`` as a test writes it."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((days, "d"), (hours, "h"), (left, "m")) if n]
    return " ".join(parts) or "0"
