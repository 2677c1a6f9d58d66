"""Which alerts are open as of a position: the same whether one has followed from the start or begins there; little is read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.notifying.open_alerts import OpenAlerts
from schemas.alert_event import AlertEvent
from schemas.ports.store import OutboxEntry, StandingEvents, Store
from schemas.reasons import EventKind
from tests.unit.notify.world import BLIND, ESCALATED, OPENED, RESOLVED, SIGHTED, UPDATED, Desk

KEYS = ("AZE-RUS", "ARM-AZE", "GEO-RUS")


class Counting:
    """A store that counts the entries of the outbox that are read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.read = 0

    def standing(self) -> StandingEvents:
        return self._store.standing()

    def events(self, *, alert_id: str | None = None) -> Iterator[AlertEvent]:
        return self._store.events(alert_id=alert_id)

    def outbox_after(self, position: int, limit: int) -> Sequence[OutboxEntry]:
        found = self._store.outbox_after(position, limit)
        self.read += len(found)
        return found


def some_history(desk: Desk, count: int, seed: int = 1) -> int:
    """Write ``count`` events of alerts that open, change and end, one of them in shadow; return the last position."""
    rng, is_open = random.Random(seed), set[tuple[str, str]]()
    for _ in range(count):
        place = rule, key = rng.choice(("war", "talks", "trial")), rng.choice(KEYS)
        if place not in is_open:
            kind = OPENED
            is_open.add(place)
        elif (kind := rng.choice((UPDATED, ESCALATED, BLIND, SIGHTED, RESOLVED))) is RESOLVED:
            is_open.discard(place)
        desk.ring(kind, rule=rule, key=key, mode="shadow" if rule == "trial" else "live")
    return count


def followed(desk: Desk, position: int) -> dict[str, int]:
    """Return the alerts open at ``position`` with the seq of the newest event of their lives, told from the events alone."""
    found: dict[str, int] = {}
    for event in list(desk.store.events())[:position]:
        if event.event is RESOLVED:
            found.pop(event.alert_id, None)
        elif event.mode == "live" and event.event not in (BLIND, SIGHTED):
            found[event.alert_id] = event.seq
    return found


def seen(events: Sequence[AlertEvent]) -> dict[str, int]:
    return {event.alert_id: event.seq for event in events}


def test_wherever_one_begins_the_same_alerts_are_open(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    end = some_history(desk, 60)
    from_the_beginning = OpenAlerts(desk.store)
    for position in range(1, end + 1):
        expected = followed(desk, position)
        assert seen(OpenAlerts(desk.store).as_of(position)) == expected, position
        assert seen(from_the_beginning.as_of(position)) == expected, position


def test_who_begins_late_reads_what_stands_and_not_what_was(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    end = some_history(desk, 50)
    store = Counting(desk.store)
    alerts = OpenAlerts(store)
    assert seen(alerts.as_of(end)) == followed(desk, end)
    assert store.read == 0
    desk.ring(RESOLVED, rule="war", key="AZE-RUS")
    assert seen(alerts.as_of(end + 1)) == followed(desk, end + 1)
    assert store.read == 1


def test_a_rule_that_is_removed_leaves_none_open(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.ring(OPENED, rule="war")
    desk.ring(OPENED, rule="talks")
    following = OpenAlerts(desk.store)
    assert len(following.as_of(2)) == 2
    desk.ring(EventKind.RULE_REMOVED, rule="war", key="")
    for alerts in (following, OpenAlerts(desk.store)):
        assert [event.rule for event in alerts.as_of(3)] == ["talks"]
