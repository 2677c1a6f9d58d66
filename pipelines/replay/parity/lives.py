"""When alerts of each key were open, resting or waiting in the live run, and the first reason why a crossing opened none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.engine import Engine
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.rules.model import Rule
from alerts.rules.schedule import is_active
from pipelines.replay.parity.settled import Crossing
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of
from schemas.reasons import EventKind


class NotOpened(StrEnum):
    """Why a crossing opened no alert of its own."""

    FIRING = "firing"  # an alert of the key was open
    COOLING = "cooling"  # the key rested after one
    NOT_IN_FORCE = "not_in_force"  # the rule took over later, or ended or was exchanged before
    LIMIT = "limit"  # as many alerts were open as the rule allows
    SCHEDULE = "schedule"  # it lies outside of the times the rule may ring
    NOT_LONG_ENOUGH = "not_long_enough"  # it did not last as long as the rule asks


class NotSettled(StrEnum):
    """Why an alert was opened by what is no crossing once its hour is a day old."""

    RETRACTED = "retracted"  # articles were edited or withdrawn, and it was taken back
    ENDED = "ended"  # it had ended when later articles changed the hour
    TOO_YOUNG = "too_young"  # its hour is not a day old yet


@dataclass
class Span:
    """An alert, from the engine's hour it opened in to the one it ended in; None: it is open."""

    crossing: int
    opened: int
    ended: int | None = None
    retracted: bool = False
    cooling_until: int = -1

    def lasts(self, first: int, last: int) -> bool:
        """Tell whether it was open at any time from hour ``first`` to ``last``."""
        return self.opened <= last and (self.ended is None or self.ended >= first)


@dataclass
class Lives:
    """All alerts of a run. Hours are as in :func:`schemas.ids.hour_of`."""

    spans: dict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    #: By rule the hours it took over, ended or was exchanged in.
    exchanged: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def note(self, event: AlertEvent, engine: Engine) -> None:
        """Take note of ``event``, which ``engine`` just decided."""
        hour = engine.open if engine.open is not None else hour_of(event.at)
        if event.event in (EventKind.RULE_READY, EventKind.RULE_REMOVED):
            self.exchanged[event.rule].append(hour)
        if not event.key or event.crossing is None:
            return
        spans = self.spans[event.rule, event.key]
        if event.event is EventKind.OPENED and not (spans and spans[-1].ended is None):
            spans.append(Span(hour_of(event.crossing), hour))
        elif event.event in (EventKind.RESOLVED, EventKind.RETRACTED) and spans:
            spans[-1].ended, spans[-1].retracted = hour, event.event is EventKind.RETRACTED
            state = engine.rules.get(event.rule)
            life = state.lives.get(event.key) if state is not None else None
            spans[-1].cooling_until = life.cooling_until if life is not None else -1

    def of_key(self, crossing: Crossing) -> list[Span]:
        """Return the alerts of the key of ``crossing``, in order."""
        return self.spans.get((crossing.rule, crossing.key), [])

    def not_opened(self, crossing: Crossing, rule: Rule | None, lasted_h: int) -> NotOpened | None:
        """Return why ``crossing`` opened no alert; None: nothing recorded says why.

        ``rule`` is the one in force, ``lasted_h`` the length of the stretch of crossings it lies in.
        """
        hour, last = crossing.hour, crossing.hour + OPEN_TO_CHANGE_HOURS
        spans = self.of_key(crossing)
        if any(span.lasts(hour, last) for span in spans):
            return NotOpened.FIRING
        if any(span.ended is not None and span.ended <= last and hour < span.cooling_until for span in spans):
            return NotOpened.COOLING
        if rule is None or any(hour < exchange <= last for exchange in self.exchanged.get(crossing.rule, ())):
            return NotOpened.NOT_IN_FORCE
        if any(self._open_at(crossing.rule, at) >= rule.limit for at in range(hour, last + 1)):
            return NotOpened.LIMIT
        if rule.active and not all(is_active(rule.active, at) for at in range(hour, last + 1)):
            return NotOpened.SCHEDULE
        if any(detector.for_h > lasted_h for detector in rule.when):
            return NotOpened.NOT_LONG_ENOUGH
        return None

    def not_settled(self, span: Span, settled_until: int | None) -> NotSettled | None:
        """Return why what opened ``span`` is no crossing; None: nothing recorded says why."""
        if settled_until is None or span.crossing > settled_until:
            return NotSettled.TOO_YOUNG
        if span.retracted:
            return NotSettled.RETRACTED
        if span.ended is not None and span.ended <= span.crossing + OPEN_TO_CHANGE_HOURS:
            return NotSettled.ENDED
        return None

    def _open_at(self, rule: str, hour: int) -> int:
        """Return how many alerts of ``rule`` were open in ``hour``."""
        return sum(
            1 for (name, _), spans in self.spans.items() if name == rule for span in spans if span.lasts(hour, hour)
        )
