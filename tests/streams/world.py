"""A whole invented stream from a seed: quiet weeks, bursts, syndicated copies, late, edited, withdrawn and doubled articles,
feeds that fail, and rules that are exchanged under way."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerts.rules.model import ActiveTime, Confirm, Floors, Level, New, Only, Rule, Spike, Threshold
from schemas.reasons import ArticleStatus, EventTimeReason, Severity, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import FEEDS, HOUR, activated, coverage, pair_rule, signal

START = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday

PAIRS = (("AZE", "RUS"), ("GBR", "UKR"), ("ARM", "AZE"))


def rules() -> tuple[Rule, ...]:
    """Return one rule of each kind of detector."""
    low = Floors(stories=3, publishers=2, times=2.0)
    return (
        pair_rule("aze-rus", Spike(floors=low)).model_copy(update={"levels": levels()}),
        pair_rule("gbr-ukr", Spike(floors=low), Threshold(count=5, within_h=12), one="GBR", other="UKR"),
        pair_rule("hostile", Spike(floors=low, only=Only(tones=(Tone.CONFLICT,)))),
        pair_rule("arm-aze", New(quiet_for_h=72, confirm=Confirm(stories=1)), one="ARM", other="AZE"),
        patient_rule(),
    )


def patient_rule() -> Rule:
    """Return a rule whose crossings must last, that reminds, that rings by day only and grows graver by level."""
    lasting = Threshold(count=3, within_h=6, for_h=3, renotify_h=5)
    by_day = (ActiveTime(begin_h=6, end_h=23, zone="Europe/Berlin"),)
    return pair_rule("patient", lasting, Spike(for_h=1, floors=Floors(stories=3, publishers=2))).model_copy(
        update={"active": by_day, "levels": levels()}
    )


def levels() -> tuple[Level, ...]:
    """Return the severities an alert of the stream grows into, some more often than others."""
    return (
        Level(severity=Severity.HIGH, stories=5),
        Level(severity=Severity.CRITICAL, stories=9, publishers=4),
    )


@dataclass
class World:
    """What is invented so far, by the time it reaches ``signals``."""

    random: random.Random
    arrivals: list[tuple[datetime, SignalsRecord]] = field(default_factory=list)
    articles: int = 0

    def add(self, at: datetime, record: SignalsRecord) -> None:
        """Let ``record`` arrive at ``at``."""
        self.arrivals.append((at, record))

    def article(self, hour: datetime, pair: tuple[str, str], *, wording: str | None = None) -> Signal:
        """Let an article on ``pair`` arrive: mostly at once, sometimes late, edited, withdrawn or doubled."""
        r = self.random
        self.articles += 1
        event = hour + timedelta(minutes=r.randrange(60))
        late = timedelta(minutes=r.choice((1, 3, 7, 45, 180, 900, 1700)))
        made = signal(
            f"a{self.articles:05d}",
            event,
            feed=r.choice(FEEDS)[0],
            pair=pair,
            observed_at=event + late,
            wording=wording,
            tone=r.choice((Tone.CONFLICT, Tone.NEUTRAL, Tone.COOPERATION)),
            reason=EventTimeReason.BACKFILL if r.random() < 0.02 else EventTimeReason.PUBLISHED,
        )
        self.add(made.observed_at, made)
        if r.random() < 0.1:
            self.add(made.observed_at + timedelta(hours=r.randrange(4)), made)
        if r.random() < 0.12:
            self._revise(made)
        return made

    def _revise(self, made: Signal) -> None:
        r = self.random
        at = made.observed_at + timedelta(minutes=r.randrange(20, 2000))
        status = ArticleStatus.WITHDRAWN if r.random() < 0.4 else ArticleStatus.LIVE
        edited = signal(
            made.article_id,
            made.event_time,
            feed=made.feed_id,
            pair=r.choice((r.choice(PAIRS), None)),
            observed_at=made.observed_at,
            revised_at=at,
            status=status,
        )
        self.add(at, edited)


def invented_stream(seed: int, days: int = 14) -> list[SignalsRecord]:
    """Return the records of ``signals`` of ``days`` days, in order."""
    r = random.Random(seed)
    world = World(r)
    world.add(START - timedelta(seconds=1), activated(START, *rules()[:3], patient_rule()))
    bursts = {r.randrange(48, days * 24 - 30) for _ in range(3)}
    outage = r.randrange(24, days * 24 - 24)
    for number in range(days * 24):
        hour = START + number * HOUR
        for pair, rate in zip(PAIRS, (0.3, 0.12, 0.01), strict=True):
            burst = any(0 <= number - begin < 10 for begin in bursts)
            for copy in range(_poisson(r, rate * (14 if burst else 1))):
                made = world.article(hour, pair)
                if copy == 0 and r.random() < 0.3:
                    for _ in range(r.randrange(1, 4)):
                        world.article(hour, pair, wording=made.article_id)
        failing = ("bravo", "charlie", "delta", "echo")[: r.randrange(1, 5)] if 0 <= number - outage < 9 else ()
        world.add(hour + HOUR, coverage(hour, failing=failing))
    middle = START + timedelta(days=days // 2, minutes=30)
    world.add(middle, activated(middle, *rules()[1:]))
    return [record for _, record in sorted(world.arrivals, key=lambda arrival: arrival[0])]


def _poisson(r: random.Random, mean: float) -> int:
    """Return a Poisson number, by Knuth's product of uniforms."""
    limit, product, count = 2.718281828459045**-mean, r.random(), 0
    while product > limit:
        product *= r.random()
        count += 1
    return count
