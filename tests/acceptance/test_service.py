"""`tocsin run` as a person has it: real processes, real feeds, real receivers, kills, and a ledger that can be proven."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.ports.store import Store
from schemas.reasons import EventKind
from tests.acceptance.service_world import ENVIRON, FEEDS, ServiceWorld
from tests.chaos.service_process import ServiceProcess, lives
from tocsin.settings import load_workplace
from tocsin.workplace import open_store_of

JOBS = ("poll", "extract", "decide", "notify")

BACKLOG = (
    "Rain is expected in the mountains on Sunday",
    "Bakers vote on the price of bread",
    "A museum of clocks opens in the old town",
    "Football: the cup final ends without goals",
)
AZERBAIJAN_RUSSIA = (
    "Azerbaijan summons the Russian ambassador over the arrests",
    "Russia rejects the protest of Azerbaijan",
    "Azerbaijan closes the Russian House in Baku",
    "Moscow and Baku quarrel: Russia expels a diplomat of Azerbaijan",
)
UKRAINE_BRITAIN = (
    "Britain and Ukraine sign an agreement on air defence",
    "Ukraine receives new patrol boats from Britain",
    "Ministers of Ukraine and Britain meet in Kyiv",
    "Britain trains more pilots for Ukraine",
    "A loan of Britain helps Ukraine to repair its grid",
    "Ukraine thanks Britain for a year of help",
)
UKRAINE_POLAND = (
    "Poland and Ukraine open a new border crossing",
    "Ukraine and Poland agree on grain transit",
    "Poland hosts a conference on rebuilding Ukraine",
    "Presidents of Poland and Ukraine speak by telephone",
    "Ukraine buys railway wagons in Poland",
    "Poland delivers generators to Ukraine",
)
UKRAINE_GERMANY = tuple(title.replace("Poland", "Germany") for title in UKRAINE_POLAND)


def tocsin(folder: Path, *words: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on ``folder``."""
    command = [sys.executable, "-m", "tocsin", *words, "--folder", str(folder)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **ENVIRON, **(environ or {})}
    )


def burst(world: ServiceWorld, titles: tuple[str, ...]) -> None:
    """Let every publisher bring its share of ``titles``."""
    for n, feed in enumerate(FEEDS):
        world.publish(feed, titles[n :: len(FEEDS)])


def wait_engine(service: ServiceProcess, folder: Path, environ: dict[str, str] | None = None) -> None:
    """Wait until all jobs have given a sign of life and engine time is known."""
    workplace = load_workplace(folder, {**os.environ, **(environ or {})})
    service.wait_started(*JOBS)
    store = open_store_of(workplace)
    try:
        service.wait_for(
            "the first engine time",
            lambda: set(JOBS) <= set(beats := store.heartbeats()) and "engine_time" in beats["decide"][1],
        )
    finally:
        store.close()


def test_news_become_messages_whatever_is_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)
    with ServiceWorld() as world:
        for feed in FEEDS:
            world.publish(feed, BACKLOG, ago=timedelta(hours=5))
        world.publish("alfa", AZERBAIJAN_RUSSIA[:1], ago=timedelta(hours=2))
        folder = world.folder(tmp_path / "desk")
        service = ServiceProcess(folder, environ=ENVIRON)
        try:
            latency_s = _first_burst(world, service, folder)
            _kill_two_jobs(world, service, chance)
            service = _kill_the_supervisor(world, service, folder)
            _all_is_well(world, service, folder)
            jobs = [service.started(job)[-1] for job in JOBS]
            begun = time.monotonic()
            service.press_ctrl_c()
            assert service.ended() == 0
            stopped_s = time.monotonic() - begun
            assert stopped_s < 60
            assert not any(map(lives, jobs))
        finally:
            service.end()
        _each_was_told(world, folder)
    with capsys.disabled():
        print(f"\narticle served → signed POST {latency_s:.1f} s (feed polled each 1 s); clean stop {stopped_s:.1f} s")  # noqa: T201


def _first_burst(world: ServiceWorld, service: ServiceProcess, folder: Path) -> float:
    """Let news break; return the seconds from their publication to the signed POST."""
    wait_engine(service, folder)
    assert world.webhook.taken == [], "the backlog alone rings nothing"
    begun = time.monotonic()
    burst(world, AZERBAIJAN_RUSSIA[1:])
    service.wait_for("a signed POST", lambda: bool(world.opened("azerbaijan-russia", "AZE-RUS")))
    latency_s = world.webhook.times_s[-1] - begun
    service.wait_for("a push message", lambda: any("Azerbaijan" in taken.subject for taken in world.ntfy.taken))
    service.wait_for("a mail", lambda: any("Azerbaijan" in taken.subject for taken in world.smtp.taken))
    service.wait_for("a line on the console", lambda: "HIGH" in service.stdout)
    burst(world, UKRAINE_BRITAIN)
    service.wait_for("a burst while learning", lambda: bool(world.opened("anyone-with-ukraine", "GBR-UKR")))
    posts = [taken for taken in world.webhook.taken if "GBR-UKR" in taken.text]
    assert "learning: normal not yet known" in (posts[0].subject + posts[0].text).lower()
    return latency_s


def _kill_two_jobs(world: ServiceWorld, service: ServiceProcess, chance: random.Random) -> None:
    """Kill two jobs while news come in; they come back and nothing is missed."""
    killed = chance.sample(JOBS, 2)
    burst(world, UKRAINE_POLAND)
    for job in killed:
        time.sleep(chance.random())  # anywhere in its work
        os.kill(service.started(job)[-1], signal.SIGKILL)
    service.wait_started(*killed, times=2)
    service.wait_for("news of the time of the kill", lambda: bool(world.opened("anyone-with-ukraine", "POL-UKR")))


def _kill_the_supervisor(world: ServiceWorld, service: ServiceProcess, folder: Path) -> ServiceProcess:
    """Kill the supervisor while news come in and start another at once."""
    burst(world, UKRAINE_GERMANY)
    service.kill()
    another = ServiceProcess(folder, environ=ENVIRON)
    try:
        another.wait_for("news after a new start", lambda: bool(world.opened("anyone-with-ukraine", "DEU-UKR")))
        wait_engine(another, folder)
    except BaseException:
        another.end()
        raise
    return another


def _all_is_well(world: ServiceWorld, service: ServiceProcess, folder: Path) -> None:
    """Wait until the monitor outside has heard that all is well, and status says so too, while the service runs."""
    service.wait_for("a ping of the monitor", lambda: world.pings > 0)
    service.wait_for("status to be well", lambda: tocsin(folder, "status").returncode == 0)
    store = open_store_of(load_workplace(folder))
    try:
        service.wait_for("nothing to be on its way to people", lambda: _all_told(store))
    finally:
        store.close()


def _all_told(store: Store) -> bool:
    return not store.outbox_after(store.outbox_cursor(), 1) and not store.deliveries(open_only=True)


def _each_was_told(world: ServiceWorld, folder: Path) -> None:
    """Prove the ledger from the log, and each message by its event."""
    verified = tocsin(folder, "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["ok"] is True
    store = open_store_of(load_workplace(folder))
    try:
        events = list(store.events())
        open_deliveries = store.deliveries(open_only=True)
    finally:
        store.close()
    chains: dict[str, list[int]] = {}
    for event in events:
        chains.setdefault(event.rule, []).append(event.seq)
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in chains.values())
    opened = [event.alert_id for event in events if event.event is EventKind.OPENED]
    assert len(opened) == len(set(opened)), "no alert opened twice"
    assert open_deliveries == []
    told = {(taken.message_id, json.dumps(taken.json["data"].get("event"))) for taken in world.webhook.taken}
    assert len({message_id for message_id, _ in told}) == len(told), "a repeated message is the same message"
    stopped = tocsin(folder, "status")
    assert stopped.returncode in (0, 1)
    assert "`tocsin run` is not at work here" in stopped.stdout


@pytest.mark.kafka
@pytest.mark.postgres
def test_the_same_on_kafka_and_postgresql(tmp_path: Path, kafka_url: str, postgres_url: str) -> None:
    environ = {**ENVIRON, "TOCSIN_LOG": kafka_url, "TOCSIN_STORE": postgres_url, "TOCSIN_ARTICLE_PARTITIONS": "2"}
    with ServiceWorld() as world:
        for feed in FEEDS:
            world.publish(feed, BACKLOG, ago=timedelta(hours=5))
        folder = world.folder(tmp_path / "desk")
        service = ServiceProcess(folder, environ=environ)
        try:
            wait_engine(service, folder, environ)
            burst(world, AZERBAIJAN_RUSSIA)
            service.wait_for("a signed POST", lambda: bool(world.opened("azerbaijan-russia", "AZE-RUS")))
            service.wait_for("status to be well", lambda: tocsin(folder, "status", environ=environ).returncode == 0)
            service.press_ctrl_c()
            assert service.ended() == 0
        finally:
            service.end()
        verified = tocsin(folder, "verify", environ=environ)
        assert verified.returncode == 0, verified.stdout + verified.stderr
