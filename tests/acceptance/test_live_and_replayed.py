"""A service lives four scripted days with delayed and doubled news and crashes; a replay gives its ledger, to the byte, and its
crossings, but for the news that came too late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast  # Any: what the wrapped log hands on is not used here

import pytest
from aiohttp import web
from click.testing import CliRunner

from connectors.clock import ManualClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.parsing import FeedParser
from connectors.log.open import open_log
from pipelines.activate_rules import activate_rules
from pipelines.decide import DecideJob, DecideSettings
from pipelines.extract import ExtractJob, ExtractSettings
from pipelines.poll import PollJob, PollSettings
from schemas.ports.log import Entry, Log
from schemas.ports.store import Store
from schemas.reasons import EventKind
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from tests.acceptance.service_world import FEEDS, rss
from tests.streams.deciding import DyingStore, KilledError
from tocsin.commands.replay import command
from tocsin.rule_files import read_rules
from tocsin.settings import Workplace, load_workplace
from tocsin.workplace import open_store_of, store_url_of

_START = datetime(2025, 3, 3, tzinfo=UTC)
_HOURS = 4 * 24
_HOUR = timedelta(hours=1)

RULES = """\
rules:
  - name: azerbaijan-russia
    watch: {pair: [Azerbaijan, Russia]}
    when: {threshold: {count: 3, within: 24h}}
  - name: norway-iceland
    watch: {pair: [Norway, Iceland]}
    when: {threshold: {count: 3, within: 6h}}
"""

#: Feed, hour published, hours until it stands in the feed, title. The last story is told when its hour is long over.
SCRIPT = (
    ("alfa", 30, 0, "Azerbaijan summons the Russian ambassador over the arrests"),
    ("bravo", 31, 5, "Russia rejects the protest of Azerbaijan"),
    ("charlie", 32, 1, "Azerbaijan closes the Russian House in Baku"),
    ("charlie", 33, 20, "Moscow and Baku quarrel: Russia expels a diplomat of Azerbaijan"),
    ("alfa", 40, 0, "Norway and Iceland quarrel over mackerel"),
    ("bravo", 41, 0, "Iceland answers Norway on fishing quotas"),
    ("charlie", 42, 30, "Norway recalls its envoy from Iceland"),
)


class _Feeds:
    """Three feeds as of the clock's time, on loopback; every item stands twice in its document."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.port = 0

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{feed}.xml", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = cast("tuple[str, int]", runner.addresses[0])[1]
        return runner

    async def _serve(self, request: web.Request) -> web.Response:
        feed, now = request.match_info["feed"], self._clock.now()
        items = [
            (title, _START + hour * _HOUR + timedelta(minutes=7))
            for name, hour, delay, title in SCRIPT
            if name == feed and _START + (hour + delay) * _HOUR + timedelta(minutes=9) <= now
        ]
        calm = [(f"Rain on day {day} at {feed}", _START + day * 24 * _HOUR) for day in range((now - _START).days + 1)]
        both = sorted([*items, *items, *calm], key=lambda item: item[1], reverse=True)
        date = format_datetime(now.replace(microsecond=0), usegmt=True)
        return web.Response(body=rss(feed, both), content_type="application/rss+xml", headers={"Date": date})


class _DyingLog:
    """The real log, in a process that dies just after it wrote signals and before it could commit what it had read."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def append(self, topic: str, entries: Sequence[Entry]) -> object:
        done = self._log.append(topic, entries)
        if topic == SIGNALS:
            raise KilledError
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def _workplace(folder: Path, port: int) -> Workplace:
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "desk.yaml").write_text(RULES)
    feeds = "".join(f'[[feeds]]\nid = "{f}"\nurl = "http://127.0.0.1:{port}/{f}.xml"\ninterval = "1h"\n' for f in FEEDS)
    (folder / "tocsin.toml").write_text(f'allow_addresses = ["127.0.0.0/8"]\n{feeds}')
    return load_workplace(folder, {})


def _to_the_end(job: ExtractJob | DecideJob) -> None:
    while job.step():
        pass


def _extract(log: Log, store: Store, clock: ManualClock, *, dies: bool) -> None:
    if dies:
        dying = ExtractJob(cast("Log", _DyingLog(log)), store, clock, ExtractSettings())
        with pytest.raises(KilledError):
            _to_the_end(dying)
        dying.close()
    job = ExtractJob(log, store, clock, ExtractSettings())
    _to_the_end(job)
    job.close()


def _decide(log: Log, workplace: Workplace, clock: ManualClock, *, dies: bool, after: bool) -> None:
    settings = DecideSettings(workplace.path(workplace.settings.snapshots), batch_records=7, snapshot_every_records=40)
    if dies:
        store = DyingStore(store_url_of(workplace), 2, after=after)
        dying = DecideJob(log, store, clock, settings)
        dying.recover()
        with pytest.raises(KilledError):
            _to_the_end(dying)
        store.close()
    living = open_store_of(workplace)
    job = DecideJob(log, living, clock, settings)
    job.recover()
    _to_the_end(job)
    living.close()


async def _live(folder: Path) -> Workplace:
    clock = ManualClock(_START)
    feeds = _Feeds(clock)
    runner = await feeds.start()
    workplace = _workplace(folder, feeds.port)
    store = open_store_of(workplace)
    fetcher = Fetcher(clock, allowed_networks=("127.0.0.0/8",))
    settings = PollSettings(max_per_host=10, host_gap_s=0.0, jitter=0.0, coverage_every_s=7200.0)
    try:
        with open_log(workplace.url(workplace.settings.log), clock) as log:
            for topic in (ARTICLES, SIGNALS, DEAD_LETTERS):
                log.create_topic(topic, 1)
            activate_rules(log, clock, *read_rules(workplace))
            async with FeedParser(workers=1) as parser:
                for day in range(_HOURS // 24):
                    # A poller that was killed leaves its cursors to the next.
                    poll = PollJob(
                        log,
                        store,
                        workplace.settings.feeds,
                        clock=clock,
                        fetcher=fetcher,
                        parser=parser,
                        settings=settings,
                    )
                    for hour in range(24):
                        clock.advance_to(_START + (24 * day + hour) * _HOUR + timedelta(minutes=10))
                        await poll.poll_due(clock.now())
                        clock.advance_to(_START + (24 * day + hour + 1) * _HOUR)
                        poll.write_coverage(clock.now())
                    _extract(log, store, clock, dies=day in (0, 1))
                    _decide(log, workplace, clock, dies=day in (1, 2), after=day == 2)
    finally:
        store.close()
        await fetcher.close()
        await runner.cleanup()
    return workplace


def test_a_replay_gives_the_ledger_and_names_what_came_too_late(tmp_path: Path) -> None:
    workplace = asyncio.run(_live(tmp_path / "desk"))
    arguments = ["--verify", "--folder", str(tmp_path / "desk"), "--workers", "1"]
    told = CliRunner().invoke(command, [*arguments, "--json"])
    assert told.exit_code == 0, (told.output, told.exception)
    about = json.loads(told.stdout)
    store = open_store_of(workplace)
    try:
        opened = [event.rule for event in store.events() if event.event is EventKind.OPENED]
    finally:
        store.close()
    assert opened == ["azerbaijan-russia"], "what came late rang nothing"
    assert about["ok"] is True
    assert about["ledger"]["same"] is True
    assert about["ledger"]["recomputed"] == about["ledger"]["events"] > 0
    assert about["ledger"]["digest"] == about["ledger"]["recomputed_digest"]
    assert about["crossings"]["same"] == about["crossings"]["live"] > 10
    differing = {(one["rule"], one["in"], *(cause["cause"] for cause in one["causes"])) for one in about["differences"]}
    assert differing == {("norway-iceland", "replay", "late")}
    words = CliRunner().invoke(command, arguments)
    assert words.exit_code == 0
    assert "byte for byte the same" in words.stdout
    assert "late: came too late to be counted (article " in words.stdout
    assert "the ledger is what the log says, and every difference has its cause" in words.stdout
