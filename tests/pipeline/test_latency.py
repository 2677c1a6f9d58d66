"""How long news took, stage by stage: from the real log, decider and notifier, and over many alerts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.explanation.names import NamesById
from alerts.rules.model import Threshold
from connectors.clock import ManualClock
from pipelines.latency import Latency, latency_of_alert, percentiles, recent_latencies
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
from schemas.reasons import EventKind
from tests.streams.deciding import desk_in
from tests.streams.records import pair_rule
from tests.streams.scene import Scene
from tests.streams.world import START
from tests.unit.notify.world import Phone


def test_the_times_of_an_alert_are_those_of_the_article_that_made_it_open(tmp_path: Path) -> None:
    scene = Scene(pair_rule("r", Threshold(count=1, within_h=24)))
    scene.close(30)
    scene.close(1, each=1)
    opened = next(event for event in scene.events if event.event is EventKind.OPENED)
    desk = desk_in(tmp_path, scene.log)
    desk.decide()
    told_at = opened.at + timedelta(minutes=20)
    with desk.opened() as (log, store):
        notifier = Notifier(
            store,
            [Phone()],
            [Receiver("phone")],
            names=NamesById(),
            clock=ManualClock(told_at),
            settings=NotifySettings(owner="one"),
        )
        asyncio.run(notifier.step(told_at))
        latency = latency_of_alert(log, store, opened.alert_id)
        assert latency is not None
        assert latency.published == latency.fetched == scene.at(30, 5)
        assert latency.signal == START + timedelta(days=60), "the append clock of the log"
        assert latency.decided == START, "the clock of the decider"
        assert latency.accepted == {"phone": told_at}
        assert latency.stages_s()["from_fetch_to_told"] == (told_at - scene.at(30, 5)).total_seconds()
        assert [one.alert_id for one in recent_latencies(log, store, START + timedelta(days=61))] == [opened.alert_id]
        assert latency_of_alert(log, store, "f" * 24) is None


def made(n: int, told: datetime | None) -> Latency:
    decided = START + timedelta(seconds=10)
    accepted = {} if told is None else {"mail": told + timedelta(seconds=90), "phone": told}
    return Latency(f"{n:024}", None, START, START + timedelta(seconds=2), decided, accepted)


def test_percentiles_by_stage() -> None:
    found = percentiles([made(n, START + timedelta(seconds=10 + n)) for n in range(1, 21)] + [made(99, None)])
    assert found["notify"] == {"p50": 10.0, "p95": 19.0, "alerts": 20.0}, "the first channel that accepted it"
    assert found["extract"] == {"p50": 2.0, "p95": 2.0, "alerts": 21.0}
    assert "fetch" not in found, "nothing is known of it"
    assert percentiles([]) == {}


@pytest.mark.parametrize("backwards", [timedelta(seconds=-5), timedelta()])
def test_clocks_that_differ_give_no_negative_times(backwards: timedelta) -> None:
    latency = Latency("a", START, START + backwards, None, START, {})
    assert latency.stages_s() == {"fetch": 0.0}
