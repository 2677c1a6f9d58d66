"""Milliseconds a page over a log of 100,000 signals and 1,000 watches: `./run bench web`.

The reference is the bound of 200 ms a page; the ratio is the bound over ours, so more is better, as everywhere. Pages are
asked for through the whole application, guard and templates included, with the reader's own work beside them told apart.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from alerts.rules.model import AnyActor, Floors, NamedActors, PairPart, Rule, Scope, Spike, Watch, WatchKind
from benchmarks.figures import Figure, report
from schemas.ports.response import AlertVerdict
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState, Judgement
from schemas.wire import SignalsRecord
from tests.streams.deciding import desk_in
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, signal
from tests.streams.world import START
from tests.web.house import ADDRESS, House, settings_in

SIGNALS, WATCHES, DAYS, DEEDS = 100_000, 1_000, 30, 2_000
BOUND_MS = 200.0
_ROUNDS = 15


def main(data: Path | None = None) -> int:
    """Measure and print; return 0 all reached, 1 not."""
    del data
    with tempfile.TemporaryDirectory() as folder:
        return report(_measure(Path(folder)))


def _measure(folder: Path) -> Iterator[Figure]:
    print(f"making and deciding {SIGNALS:,} signals on {WATCHES:,} watches …", file=sys.stderr, flush=True)
    desk_in(folder, list(_stream())).decide()
    settings_in(folder)
    begun = time.perf_counter()
    house = House(folder)
    try:
        print(f"first look {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
        assert len(house.site.reading.watches) == WATCHES
        yield _figure("look again", house.site.reader.look)
        client = TestClient(house.app, base_url=ADDRESS)
        row = house.site.reading.watches[0]
        key = f"rule={row.rule}&key={row.key}"
        alert = f"/alerts/{house.alert_id}"
        searched = "/watches?q=azerbaijan"
        _fill(house)
        yield _words(house)
        pages = (
            "/",
            "/alerts",
            alert,
            "/watches",
            searched,
            f"/watches/key?{key}",
            "/rules",
            "/feeds",
            "/why",
            "/audit",
        )
        for path in (*pages, "/metrics"):
            yield _figure(
                f"page {path.replace(house.alert_id, 'ID').partition('?rule')[0]}", lambda p=path: client.get(p)
            )
        yield _figure("api /api/v1/watches?limit=1000", lambda: client.get("/api/v1/watches?limit=1000"))
    finally:
        house.close()


def _fill(house: House) -> None:
    """Write a thousand feeds and two thousand deeds, so that every page has its most rows."""
    now = house.site.clock.now()
    rows = [
        FeedRow(feed_id=name, url=f"https://{name}.example/rss", state=FeedState.OK, last_success_at=now)
        for name in (f"f{number:04d}" for number in range(1_000))
    ]
    house.store.save_feeds(rows)
    for number in range(DEEDS):
        house.store.add_verdict(
            AlertVerdict(
                alert_id=house.alert_id,
                at=now - timedelta(seconds=number),
                author="anna",
                judgement=Judgement.USEFUL,
                note="seen before",
            )
        )
    house.site.reader.look()


def _words(house: House) -> Figure:
    """Measure how long the words of one alert take, beside the pages."""
    life, words = house.site.reading.ledger.alerts[house.alert_id], house.site.words
    begun = time.perf_counter()
    words.of(life)
    assert words.wait(600.0)
    ours = 1000 * (time.perf_counter() - begun)
    return Figure("new words of an alert, once (ms)", ours, BOUND_MS, BOUND_MS / ours)


def _figure(name: str, ask: object) -> Figure:
    assert callable(ask)
    ask()
    taken = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begun))
    ours = statistics.median(taken)
    return Figure(f"{name} (ms)", ours, BOUND_MS, BOUND_MS / ours, at_least=1.0 if name.startswith("page") else None)


def _stream() -> Iterator[SignalsRecord]:
    """Yield a month of hours, its signals spread unevenly over the pairs of one country with a thousand others."""
    r = random.Random(1)
    part = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))
    watch = Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE)
    when = (Spike(floors=Floors(stories=3, publishers=2, times=2.0)),)
    yield activated(START - timedelta(seconds=1), Rule(name="aze-anyone", watch=watch, when=when))
    others = [f"X{number:04d}" for number in range(WATCHES)]
    weights = [(3.0 + number) ** -1.5 for number in range(WATCHES)]
    made = iter(range(SIGNALS))
    each = SIGNALS / (DAYS * 24)
    for hour in range(DAYS * 24):
        since = START + hour * HOUR
        chosen = r.choices(others, weights, k=round(each * (hour + 1)) - round(each * hour))
        for other, number in zip(chosen, made, strict=False):
            moment = since + HOUR * r.random()
            yield signal(f"b{number:06d}", moment, feed=r.choice(FEED_IDS), pair=("AZE", other))
        for other in others[hour :: DAYS * 24]:
            yield signal(f"c{other}", since + HOUR / 2, feed=r.choice(FEED_IDS), pair=("AZE", other))
        yield coverage(since, reached_back_to=since)


if __name__ == "__main__":
    sys.exit(main())
