"""An alert that should have been: what the log holds of it, as a timeline test that fails today, and as a row of truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from alerts.rules.match import compile_watch
from alerts.rules.model import Rule, WatchKind
from alerts.rules.shortfall import NameOf
from alerts.rules.yaml_tree import Plain
from pipelines.explaining.engine_then import EngineThen, Progress, SeenSignal, no_progress
from pipelines.explaining.fates import Fate, fates_of
from pipelines.explaining.links import Link
from pipelines.explaining.rule_then import rule_then
from pipelines.explaining.why import longest_window_h
from schemas.article import Source
from schemas.errors import UsageError
from schemas.ids import hour_of
from schemas.plain_text import plain_line
from schemas.ports.log import Log, LogRecord
from schemas.reasons import EventKind, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: Days of quiet a test invents at most, and hours after the start within which the alert is expected.
_MOST_DAYS = 60
_WITHIN_H = 12

#: How much more quiet is tried at a time, how often, and from which stories an hour on.
_QUIET_STEP, _MOST_QUIET_STEPS, _LEAST_QUIET = 1.5, 12, 0.001

#: Publishers a test names at most; more than that tell nothing new.
_MOST_STEPS = 300


@dataclass(frozen=True)
class Missed:
    """``test``: a file of timeline tests as a mapping. ``truth``: the row ``event,watch,start,end``. ``rang``: when an alert
    opened in that time all the same; None: none did."""

    rule: str
    key: str
    test: Mapping[str, Plain]
    truth: tuple[str, str, str, str]
    articles: int
    rang: datetime | None = None


def missed(
    log: Log,
    rule: Rule,
    start: datetime,
    *,
    key: str | None = None,
    event: str = "",
    name_of: NameOf = str,
    progress: Progress = no_progress,
) -> Missed:
    """Return the test and the row for an alert of ``rule`` that should have opened after ``start``.

    The log is gone through for that rule alone, from two months before ``start`` on.

    :raises UsageError: the log holds no article of it in those hours, or does not reach so far.
    """
    span_h = max(24, min(72, longest_window_h(rule)))
    until = start + timedelta(hours=span_h)
    since = start - timedelta(days=_MOST_DAYS)
    collecting = _Collecting(rule, since)
    then = rule_then(log, rule, until, since, collecting.take, progress)
    state = then.engine.rules[rule.name]
    if state.start_hour is None or then.engine.now is None or then.engine.now < start:
        raise UsageError("the log holds nothing of that time", remedy="it begins later, or ends before")
    fates = fates_of(state, then.engine, collecting.seen, _every_hour(then), name_of)
    window = [f for f in fates if f.fell_at is None and start <= f.signal.event_time < until]
    chosen = key or _commonest(window)
    event_articles = sorted(
        (f for f in window if chosen in f.keys), key=lambda f: (f.signal.event_time, f.signal.article_id)
    )
    if not event_articles:
        remedy = f"`tocsin alerts why {rule.name} --at {start:%Y-%m-%dT%H:%M}` says what there was"
        raise UsageError("the log holds no article that the rule counts in those hours", remedy=remedy)
    # Of what is older than the engine remembers it is only known that it matched.
    earlier = [
        f for f in fates if chosen in f.keys and f.fell_at in (None, Link.COUNTED) and f.signal.event_time < start
    ]
    days = max(1, min(_MOST_DAYS, (hour_of(start) - state.start_hour) // 24))
    quiet = sum(1 for f in earlier if f.signal.event_time >= start - timedelta(days=days))
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    pushes = list(_pushes(rule, event_articles, midnight, then, chosen))
    steps = [*pushes, _expectation(chosen, rule, start, midnight)]
    name = event or f"{rule.name} missed {chosen} on {start:%Y-%m-%d %H:%M}"
    publishers = len({source.source.publisher for source in then.engine.coverage.feeds.values()})
    background: dict[str, Plain] = {
        # A test writes so much about each thing that it pushes; together it shall be what there was.
        "stories_per_hour": round(quiet / (24 * days) / _subjects(pushes), 6),
        "publishers": max(1, min(200, publishers)),
        "days": days,
    }
    test: dict[str, Plain] = {
        "name": name[:200],
        "rule": rule.name,
        "starts": f"{midnight:%Y-%m-%d}",
        "background": background,
        "steps": steps,
    }
    watch = chosen if rule.watch.kind is WatchKind.PAIR else f"rule:{rule.name}"
    return Missed(
        rule=rule.name,
        key=chosen,
        test={"tests": [test]},
        truth=(name, watch, start.isoformat(), until.isoformat()),
        articles=len(event_articles),
        rang=_rang(then, chosen, start),
    )


def made_to_fail(
    test: Mapping[str, Plain], rings: Callable[[Mapping[str, Plain]], bool]
) -> tuple[Mapping[str, Plain], float]:
    """Return ``test`` with so many times more quiet before it that the rule does not ring, and how many times: 1 mostly.

    The quiet of a test is even. What there was may have come in waves, from which a rule learns that much is normal; then
    the same number of stories, spread evenly, would let it ring. 0 times: it rings whatever the quiet.
    """
    for step in range(_MOST_QUIET_STEPS):
        tried = _with_quiet(test, _QUIET_STEP**step)
        if not rings(tried):
            return tried, _QUIET_STEP**step
    return test, 0.0


def _with_quiet(test: Mapping[str, Plain], times: float) -> Mapping[str, Plain]:
    (one,) = cast("list[dict[str, Plain]]", test["tests"])
    background = cast("dict[str, Plain]", one["background"])
    rate = max(_LEAST_QUIET if times > 1 else 0.0, cast("float", background["stories_per_hour"])) * times
    return {"tests": [{**one, "background": {**background, "stories_per_hour": round(rate, 6)}}]}


def _rang(then: EngineThen, key: str, start: datetime) -> datetime | None:
    last = start + timedelta(hours=_WITHIN_H)
    opened = (e.at for e in then.events if e.event is EventKind.OPENED and e.key == key and start <= e.at <= last)
    return next(opened, None)


class _Collecting:
    """Keeps the signals the rule finds, and every later revision of them: a month of all signals would be too much."""

    def __init__(self, rule: Rule, since: datetime) -> None:
        self._watch, self._since = compile_watch(rule), since
        self._known: set[str] = set()
        self.seen: list[SeenSignal] = []

    def take(self, record: LogRecord, decoded: SignalsRecord) -> None:
        if not isinstance(decoded, Signal) or decoded.revised_at < self._since:
            return
        if decoded.article_id in self._known or self._watch.hits(decoded):
            self._known.add(decoded.article_id)
            self.seen.append(SeenSignal(record.offset, record.append_time_ms, decoded))


def _every_hour(then: EngineThen) -> range:
    return range(hour_of(then.since), hour_of(then.moment) + 2)


def _commonest(fates: Sequence[Fate]) -> str:
    keys = [key for fate in fates for key in fate.keys]
    return min(keys, key=lambda key: (-keys.count(key), key), default="")


def _pushes(
    rule: Rule, fates: Sequence[Fate], midnight: datetime, then: EngineThen, key: str
) -> Iterator[dict[str, Plain]]:
    """Yield a step for each story: its articles by the publishers that carried it, from its first to its last."""
    state = then.engine.rules[rule.name]
    first, last = hour_of(fates[0].signal.event_time), hour_of(fates[-1].signal.event_time)
    story_of: dict[str, str] = {}
    for track in state.tracks:
        story_of.update(track.counted(key, first - 48, last))
    stories: dict[str, list[Signal]] = {}
    for fate in fates:
        stories.setdefault(story_of.get(fate.signal.article_id, fate.signal.article_id), []).append(fate.signal)
    for signals in list(stories.values())[:_MOST_STEPS]:
        begins, ends = signals[0].event_time, signals[-1].event_time
        step: dict[str, Plain] = {
            "at": _moment(begins, midnight),
            "push": len(signals),
            "stories": 1,
            "sources": [_source(signal.source) for signal in signals[:200]],
        }
        if len(signals) > 1 and ends > begins:
            step["over"] = _moment(midnight + (ends - begins), midnight)
        step.update(_about(rule, signals[0], key))
        yield step


def _subjects(pushes: Sequence[Mapping[str, Plain]]) -> int:
    """Return how many different things are pushed, as a test tells them apart: by text, actors and topics."""
    return len({repr([push.get(part) for part in ("text", "pair", "actor", "topics")]) for push in pushes})


def _about(rule: Rule, signal: Signal, key: str) -> dict[str, Plain]:
    """Return what the articles are about: the pair or actor of the key as it was found, else their words."""
    if rule.watch.kind not in (WatchKind.PAIR, WatchKind.ACTOR) or rule.watch.keywords is not None:
        text = "\n".join(plain_line(line) for line in (signal.text[:2000].strip() or signal.title).split("\n"))
        return {"text": text, **({"language": signal.language} if signal.language else {})}
    about: dict[str, Plain]
    if ">" in key:
        source, target = key.split(">")
        about = {"pair": {"from": source, "to": target}}
    elif "-" in key:
        about = {"pair": key.split("-")}
    else:
        about = {"actor": key}
    tone = _tone(signal, key)
    if tone is not Tone.NEUTRAL:
        about["tone"] = tone.value
    if signal.topics:
        about["topics"] = [topic.id for topic in signal.topics]
    return about


def _tone(signal: Signal, key: str) -> Tone:
    actors = set(key.replace(">", "-").split("-"))
    found = [pair for pair in signal.pairs if {pair.source, pair.target} == actors]
    if not found:
        return signal.tone
    tones = found[0].tones
    return Tone.CONFLICT if tones.conflict else Tone.COOPERATION if tones.cooperation else Tone.NEUTRAL


def _source(source: Source) -> Plain:
    if source.country is None and source.group is None:
        return source.id[:80]
    named = {"id": source.id[:80], "country": source.country, "group": source.group}
    return {name: value for name, value in named.items() if value is not None}


def _expectation(key: str, rule: Rule, start: datetime, midnight: datetime) -> dict[str, Plain]:
    last = _moment(start + timedelta(hours=_WITHIN_H), midnight)
    return {
        "between": [_moment(start, midnight), last],
        "expect": "opened",
        "key": key,
        "severity": rule.severity.value,
    }


def _moment(at: datetime, midnight: datetime) -> str:
    minutes = max(0, (at - midnight) // timedelta(minutes=1))
    hours, left = divmod(minutes, 60)
    return " ".join(f"{n}{unit}" for n, unit in ((hours, "h"), (left, "m")) if n) or "0m"
