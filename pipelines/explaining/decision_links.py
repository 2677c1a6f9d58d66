"""The links from the counts to the alert: expectation and score, floors, cool-down, limit, opened. Pure, given the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.explanation.standing_words import standing_line
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.opening import may_ring
from alerts.rule_state import RuleState
from alerts.rules.model import Rule, Sensitivity, Unit
from alerts.rules.schedule import schedule_in_words
from alerts.standing import Need, Standing, more_sensitive, standings
from pipelines.explaining.engine_then import EngineThen
from pipelines.explaining.links import Checked, Link, State
from schemas.alert_event import AlertEvent
from schemas.ids import alert_id, hour_start
from schemas.plain_text import plural
from schemas.reasons import EventKind

_ENDED_SHOWN = 5

#: What is about the distance from normal; the other conditions are floors.
_EXPECTATION = (
    Need.SCORE,
    Need.TIMES,
    Need.COUNT,
    Need.QUIET_HOURS,
    Need.NOT_KNOWN,
    Need.EXPECTED,
    Need.FEWER,
    Need.MEAN_TIMES,
    Need.DEVIATIONS,
    Need.RECORD,
)


#: What copies of one story do not add to.
_OF_STORIES = (Need.STORIES, Need.COUNT, Need.PART)


@dataclass(frozen=True)
class Decided:
    """The links, and the alert that was open at the moment or had last been ("" for none)."""

    links: tuple[Checked, ...]
    alert_id: str


def decision_links(then: EngineThen, state: RuleState, key: str, events: Sequence[AlertEvent]) -> Decided:
    """Return what was decided of ``key`` up to the moment; ``events`` are those of the rule until then."""
    open_hour = then.engine.open
    assert open_hour is not None
    life = state.lives.get(key)
    if life is not None and life.firing and life.crossing is not None:
        found = alert_id(state.rule.name, key, hour_start(life.crossing))
        text = f"the alert was open, since the hour from {hour_start(life.crossing):%Y-%m-%d %H:%M}"
        return Decided((Checked(Link.OPENED, State.HOLDS, text, _life(events, found)),), found)
    first = max(open_hour - OPEN_TO_CHANGE_HOURS, state.start_hour or open_hour)
    every = [s for hour in range(first, open_hour + 1) for s in standings(state, key, hour)]
    if not every:
        return Decided((Checked(Link.EXPECTATION, State.BROKEN, "nothing was ever counted for this key"),), "")
    links = [
        *_before_bars(state.rule, every),
        *_bars(every),
        *_life_links(state, key, every, open_hour),
        *_condition_links(state, key, open_hour, events),
    ]
    broken = any(link.state is State.BROKEN for link in links)
    last = _last_alert(events, state.rule.name, key)
    if last is not None:
        text = f"the last alert of this key had ended: {last.event.value} at {last.at:%Y-%m-%d %H:%M}"
        links.append(Checked(Link.OPENED, State.NOTE if broken else State.BROKEN, text, _life(events, last.alert_id)))
    elif not broken:
        links.append(Checked(Link.OPENED, State.BROKEN, "every condition held, and nothing was opened yet"))
    return Decided(tuple(links), "")


def _best(every: Sequence[Standing]) -> Standing:
    """Return the window that came nearest to crossing: of several that crossed the first, of others that are as near the last."""
    return max(every, key=lambda s: (s.nearness, s.verdict.hour if s.missing else -s.verdict.hour))


def _before_bars(rule: Rule, every: Sequence[Standing]) -> Iterator[Checked]:
    """Yield whether copies are why too little was counted, and whether normal was known."""
    best = _best(every)
    counts = best.verdict.counts
    copies = counts.articles - counts.stories
    unit = next((detector.of for detector in rule.when if detector.kind == best.verdict.detector), Unit.STORIES)
    if unit is not Unit.STORIES:
        yield Checked(Link.DUPLICATE, State.HOLDS, f"the rule counts {unit.value}, of copies too")
    elif copies > 0:
        lacking = [c for c in best.missing if c.need in _OF_STORIES and c.has < c.needs <= counts.articles]
        text = (
            f"{plural(counts.articles, 'article')} tell {plural(counts.stories, 'story', 'stories')}: copies count once"
        )
        yield Checked(Link.DUPLICATE, State.BROKEN if lacking else State.NOTE, text, (standing_line(best),))
    else:
        yield Checked(Link.DUPLICATE, State.HOLDS, "no copies of a story that was counted already")
    unlearnt = next((c for c in best.missing if c.need is Need.HISTORY_HOURS), None)
    if unlearnt is not None:
        text = f"{unlearnt.needs:,.0f} h of history are needed, {unlearnt.has:,.0f} h were there"
        yield Checked(Link.LEARNING, State.BROKEN, text, (standing_line(best),))


def _bars(every: Sequence[Standing]) -> Iterator[Checked]:
    best = _best(every)
    line = (standing_line(best),)
    missing = [condition for condition in best.missing if condition.need is not Need.HISTORY_HOURS]
    far = [condition for condition in missing if condition.need in _EXPECTATION]
    low = [condition for condition in missing if condition.need not in _EXPECTATION]
    numbers: dict[str, float | int | str] = {c.need.value: round(c.has, 3) for c in best.conditions}
    numbers |= {f"{c.need.value} needed": round(c.needs, 3) for c in best.conditions}
    if far:
        details = (*line, *_near_misses(every))
        few = far[0].need is Need.COUNT  # Of a threshold, which expects nothing.
        text = "not as many as the rule asks for" if few else "not far enough from what is expected"
        yield Checked(Link.EXPECTATION, State.BROKEN, text, details, numbers)
    else:
        counts = any(condition.need is Need.COUNT for condition in best.conditions)
        text = "as many as the rule asks for" if counts else "far enough from what is expected"
        yield Checked(Link.EXPECTATION, State.HOLDS, text, line, numbers)
    if low:
        names = ", ".join(condition.need.value for condition in low)
        yield Checked(Link.FLOORS, State.BROKEN, f"a floor was not reached: {names}", line)
    else:
        yield Checked(Link.FLOORS, State.HOLDS, "every floor was reached")


def _near_misses(every: Sequence[Standing]) -> Iterator[str]:
    """Yield which sensitivities would have rung, and in which hour first, everything else alike."""
    told: set[Sensitivity] = set()
    for standing in sorted(every, key=lambda s: s.verdict.hour):
        for sensitivity, score in more_sensitive(standing):
            if sensitivity not in told:
                told.add(sensitivity)
                hour = f"{hour_start(standing.verdict.hour):%m-%d %H:%M}"
                yield f"sensitivity {sensitivity.value} would have rung in the hour from {hour} (score {score:.3g})"


def _life_links(state: RuleState, key: str, every: Sequence[Standing], open_hour: int) -> Iterator[Checked]:
    crossed = [standing.verdict.hour for standing in every if not standing.missing]
    if not crossed:
        return
    life = state.lives.get(key)
    if life is not None and max(crossed) < life.cooling_until and life.has_let_go():
        at = f"{hour_start(life.cooling_until):%Y-%m-%d %H:%M}"
        text = f"what crossed was over at {at}, when the rule took force or an alert ended"
        yield Checked(Link.COOL_DOWN, State.BROKEN, text)
        return
    if life is not None and max(crossed) < life.cooling_until:
        text = f"the key rested until {hour_start(life.cooling_until):%Y-%m-%d %H:%M} after its last alert"
        yield Checked(
            Link.COOL_DOWN, State.BROKEN, text, (f"{plural(life.crossed_while_cooling, 'crossing')} meanwhile",)
        )
        return
    if life is not None and life.taken_back is not None and life.taken_back[0] == open_hour:
        text = f"an alert on {life.taken_back[2]} was taken back in this hour: as many open again when it ends"
        yield Checked(Link.COOL_DOWN, State.BROKEN, text)
        return
    yield Checked(Link.COOL_DOWN, State.HOLDS, "the key was not resting")
    firing = sum(1 for other in state.lives.values() if other.firing)
    were_open = f"{plural(firing, 'alert')} of the rule {'was' if firing == 1 else 'were'} open"
    if firing >= state.rule.limit:
        yield Checked(
            Link.LIMIT,
            State.BROKEN,
            f"{were_open}, its limit is {state.rule.limit}",
        )
    else:
        yield Checked(Link.LIMIT, State.HOLDS, were_open)


def _condition_links(state: RuleState, key: str, open_hour: int, events: Sequence[AlertEvent]) -> Iterator[Checked]:
    """Yield what the rule asks for besides a crossing: that it lasts, that the time is one at which it may ring."""
    rule, life = state.rule, state.lives.get(key)
    ended = tuple(
        f"{event.at:%Y-%m-%d %H:%M} a crossing since {event.crossing:%m-%d %H:%M} ended: {event.reason.value}"
        for event in events
        if event.key == key and event.event is EventKind.SUBSIDED and event.crossing is not None
    )
    if life is not None and life.pending is not None:
        lacks = rule.when[life.pending_track].for_h - max(0, open_hour - life.pending)
        text = f"pending since the hour from {hour_start(life.pending):%Y-%m-%d %H:%M}, needs {max(1, lacks)} h more"
        yield Checked(Link.LASTING, State.BROKEN, text, ended[-_ENDED_SHOWN:])
    elif ended:
        text = f"{plural(len(ended), 'crossing', 'crossings')} ended before lasting long enough"
        yield Checked(Link.LASTING, State.NOTE, text, ended[-_ENDED_SHOWN:])
    if rule.active and not may_ring(rule, open_hour):
        text = f"the rule rings only {schedule_in_words(rule.active)}"
        yield Checked(Link.SCHEDULE, State.BROKEN, text)
    elif rule.active:
        yield Checked(Link.SCHEDULE, State.HOLDS, "the rule might ring at that time")


def _last_alert(events: Sequence[AlertEvent], rule: str, key: str) -> AlertEvent | None:
    return next((e for e in reversed(events) if e.alert_id and e.rule == rule and e.key == key), None)


def _life(events: Sequence[AlertEvent], alert: str) -> tuple[str, ...]:
    return tuple(
        f"{event.at:%Y-%m-%d %H:%M} {event.event.value} ({event.reason.value})"
        for event in events
        if event.alert_id == alert and event.event is not EventKind.UPDATED
    )
