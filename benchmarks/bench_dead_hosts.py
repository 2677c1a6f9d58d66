"""How long living feeds wait for their turn beside dead ones, against places of one kind and against nobody dead.

1,000 feeds of as many hosts, 200 of them dead in four ways, in simulated time: the real sender, line and schedule; after how
long a host answers is drawn.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from benchmarks.figures import Figure, report
from connectors.feeds.fetch import FetchLimits
from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start
from pipelines.poll import PollSettings
from pipelines.polling.line import Line, Places
from pipelines.polling.looking import Answered, Failed, Look
from pipelines.polling.sending import Sender, Turn

FEEDS = 1_000
DEAD = 200
#: How much longer a living feed waits at the 99th percentile, at most, than with nobody dead.
AT_MOST_LATER_S = 5.0
_EVERY = timedelta(minutes=5)
_BEGIN = datetime(2025, 1, 22, tzinfo=UTC)
_LIMITS = FetchLimits()
#: Seconds until a dead host has failed: it refuses, takes no connection, takes it and says nothing, drips for ever.
DEATHS_S = (0.01, _LIMITS.connect_s, _LIMITS.connect_s + _LIMITS.silence_s, _LIMITS.total_s)
ONE_KIND = Places(PollSettings.max_in_flight)
OURS = Places(PollSettings.max_in_flight, PollSettings.max_long, PollSettings.max_doubtful)


class Beginning(Enum):
    """How the simulated time begins."""

    START = "all due at once, nothing known of any"
    RESTART = "all due at once, the dead known to have failed"
    SPREAD = "due one after the other, nothing known of any"


def main(_data: Path | None = None) -> int:
    """Print waits at the 99th percentile in seconds; return 1 where the dead delay the living too much."""
    figures = []
    for beginning in Beginning:
        choices = ((OURS, DEAD), (ONE_KIND, DEAD), (OURS, 0))
        mine, old, bare = (percentile(waits(places, dead, beginning), 0.99) for places, dead in choices)
        name = f"wait_99_{beginning.name.lower()}"
        figures.append(Figure(f"{name}_s/one_kind_of_place", mine, old, mine / old if old else float(mine > 0)))
        # Of what is allowed, the part that is used: the ratio of two waits near nothing says nothing.
        later = (mine - bare) / AT_MOST_LATER_S
        figures.append(Figure(f"{name}_s/nobody_dead", mine, bare, later, at_most=1.0))
    return report(figures)


def waits(places: Places, dead: int, beginning: Beginning, seed: int = 1) -> list[float]:
    """Return, sorted, for how many seconds polls of living feeds were due before they were asked, where ``dead`` of all are
    dead: the first of each feed after a start, else all."""
    with asyncio.Runner(loop_factory=_SimulatedLoop) as runner:
        return runner.run(_simulate(places, dead, beginning, random.Random(seed)))


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which ``share`` of ``ordered`` lie."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def _simulate(places: Places, dead: int, beginning: Beginning, choose: random.Random) -> list[float]:
    loop = asyncio.get_running_loop()
    numbers = choose.sample(range(FEEDS), dead)
    deaths_s = {f"feed{number}": DEATHS_S[place % len(DEATHS_S)] for place, number in enumerate(numbers)}
    due_s: dict[str, float] = {}
    waited: list[float] = []

    async def look(standing: FeedStanding, _: str) -> Look:
        feed_id = standing.feed.id
        if feed_id not in deaths_s:
            waited.append(loop.time() - due_s[feed_id])
            await asyncio.sleep(min(choose.lognormvariate(-1.2, 0.8), 30.0))  # .3 s, and 2 s for one in a hundred
            return Look(feed_id, Answered(None, None, None, None))
        await asyncio.sleep(deaths_s[feed_id])
        return Look(feed_id, Failed("it is dead", weight=0.5))

    line: Line[Turn] = Line(places, PollSettings.max_per_host)
    sender = Sender(line, look, lambda _: None, long_s=PollSettings.long_s)
    lasts_s = _EVERY.total_seconds() * (6 if beginning is Beginning.SPREAD else 1)
    async with asyncio.TaskGroup() as feeds:
        for number in range(FEEDS):
            feed = FeedSettings(id=f"feed{number}", url=f"http://host{number}.example/", interval=_EVERY)
            standing = at_start(feed, None, _BEGIN)
            if beginning is Beginning.RESTART and feed.id in deaths_s:
                standing = after_failure(standing, "dead", _BEGIN, jitter=0.0)
            due_s[feed.id] = choose.uniform(0, lasts_s / 6) if beginning is Beginning.SPREAD else 0.0
            feeds.create_task(_poll(sender, standing, due_s, lasts_s, loop.time))
    return sorted(waited)


async def _poll(
    sender: Sender, standing: FeedStanding, due_s: dict[str, float], lasts_s: float, time: Callable[[], float]
) -> None:
    """Poll a feed whenever it is due, until the simulated time is over."""
    feed_id = standing.feed.id
    while due_s[feed_id] < lasts_s:
        await asyncio.sleep(due_s[feed_id] - time())
        round_ = sender.send([(feed_id, standing)])
        while not round_.complete:
            await round_.wait(None)
        (look,) = round_.take()
        now = _BEGIN + timedelta(seconds=time())
        if isinstance(look.finding, Failed):
            standing = after_failure(standing, "dead", now, weight=look.finding.weight, jitter=PollSettings.jitter)
        else:
            standing = after_success(standing, standing.cursor, now, jitter=PollSettings.jitter)
        assert standing.next_poll_at is not None
        due_s[feed_id] = (standing.next_poll_at - _BEGIN).total_seconds()


class _SimulatedSelector(selectors.SelectSelector):
    """Never waits: where a loop would, its time passes at once."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing would ever happen again"
        self.now_s += max(0.0, timeout)
        return super().select(0)


class _SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop whose time is as long as what it waits for, and takes none."""

    def __init__(self) -> None:
        self._simulated = _SimulatedSelector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Return the simulated seconds since it was made."""
        return self._simulated.now_s
