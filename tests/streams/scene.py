"""An engine played by hand, hour by hour: tests say what happens in an hour and read what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from alerts.engine import Engine
from alerts.rules.model import Rule
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, signal
from tests.streams.world import START


class Scene:
    """Everything that was taken in and decided; hour 0 begins at :data:`START`, a Monday 00:00."""

    def __init__(self, *rules: Rule) -> None:
        self.engine = Engine()
        self.log: list[SignalsRecord] = []
        self.events: list[AlertEvent] = []
        self.hour = 0
        self._articles = 0
        self.take(activated(START, *rules))

    def take(self, record: SignalsRecord) -> list[AlertEvent]:
        """Take ``record`` in; return what it decides."""
        past = partial(enumerate, tuple(self.log))
        decided = [d.event for d in self.engine.step(len(self.log), record, past)]
        self.log.append(record)
        self.events.extend(decided)
        return decided

    def at(self, hour: int, minute: int = 0) -> datetime:
        """Return a moment of the scene."""
        return START + hour * HOUR + (HOUR / 60) * minute

    def close(self, hours: int = 1, *, failing: Sequence[str] = (), each: int = 0) -> list[AlertEvent]:
        """Let ``hours`` pass, each with ``each`` articles; return what was decided meanwhile."""
        before = len(self.events)
        for _ in range(hours):
            self.articles(each)
            since = self.at(self.hour)
            self.take(coverage(since, failing=failing, reached_back_to=since))
            self.hour += 1
        return self.events[before:]

    def articles(self, count: int, *, hour: int | None = None, pair: tuple[str, str] = ("AZE", "RUS")) -> list[str]:
        """Let ``count`` articles of as many stories and several publishers arrive; return their ids."""
        ids = []
        for n in range(count):
            self._articles += 1
            ids.append(f"s{self._articles:05d}")
            moment = self.at(self.hour if hour is None else hour, 5 + n % 50)
            self.take(signal(ids[-1], moment, feed=FEED_IDS[n % len(FEED_IDS)], pair=pair))
        return ids

    def apply(self, *rules: Rule) -> list[AlertEvent]:
        """Put ``rules`` into force."""
        return self.take(activated(self.at(self.hour, 1), *rules))

    @property
    def first_hour(self) -> int:
        """Return hour 0 as the engine counts hours."""
        return hour_of(START)


def kinds(events: Sequence[AlertEvent], *, rules_too: bool = False) -> list[EventKind]:
    """Return what happened to alerts; with ``rules_too`` to rules as well."""
    return [event.event for event in events if rules_too or event.alert_id]
