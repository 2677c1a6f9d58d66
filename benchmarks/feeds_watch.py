"""The engine's tracks over invented news told by many feeds: its coverage, shares of feeds, shadows, banks and joins.

Stories come from :class:`benchmarks.feeds_simulation.Told` in the place of articles; all else is the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np

from alerts.coverage import CoverageBook
from alerts.rules.model import Ratio, Record, Sensitivity, Shift, Spike, Zscore
from alerts.tracks.bars import CALM_P, K_OF, K_OF_SHIFT
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.feed_shares import SHARED
from alerts.tracks.hour_stories import ByFeed
from alerts.tracks.joining import Stories
from alerts.tracks.recent import QUIET_HOURS, RecentTrack, reached
from alerts.tracks.shift import ShiftTrack
from alerts.tracks.spike import SpikeTrack
from alerts.tracks.spike_banks import SharedBanks
from benchmarks.detector_runs import FIRST_HOUR
from benchmarks.feeds_simulation import FEEDS, Flags, Masks, Numbers, Told, feed_ids, mask_of
from schemas.article import Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import hour_start
from schemas.reasons import FeedState

S = TypeVar("S", Spike, Shift, Ratio | Zscore | Record)

Followed = Spike | Shift | Ratio | Zscore | Record

#: Told an hour, and the keys whose windows are no longer calm, with their scores: 0 where the floors are not reached.
Note = Callable[[int, Mapping[int, float]], None]

#: Score from which a window of a spike is noted.
_NOTED = 1.0


class Telling(ExpectingTrack[S]):
    """A track whose stories come from :class:`Told`."""

    told: Told
    visible: dict[int, np.uint64]  # by hour not learnt yet: the feeds that were seen in it

    def begin(self, keys: int, told: Told) -> None:
        """Make ``keys`` rows."""
        self.told, self.visible = told, {}
        for key in range(keys):
            self._add_row(str(key))

    def seen_in(self, hour: int) -> tuple[Numbers, Masks, Flags, np.uint64]:
        """Return keys, carriers and part of the stories somebody seen told in ``hour``, and the feeds that count in it."""
        keys, carriers, of_part = self.told.of_hour(hour - FIRST_HOUR)
        members = mask_of(int(feed[1:]) for feed in self.joining.roll.at(hour))
        return keys, carriers & self.visible.get(hour, ~np.uint64(0)), of_part, members

    def counted_in(self, hour: int) -> tuple[Numbers, Numbers]:
        """Return, by row, how many stories count in ``hour``, and how many of them are of the part."""
        keys, carriers, of_part, members = self.seen_in(hour)
        counted = (carriers & members) != 0
        rows = len(self.rows)
        return np.bincount(keys[counted], minlength=rows), np.bincount(keys[counted & of_part], minlength=rows)

    def count(self, hour: int) -> None:
        """Tell the bank what each key has in ``hour``."""
        raise NotImplementedError

    def scores(self, hour: int) -> dict[int, float]:
        """Return what a :data:`Note` is told."""
        raise NotImplementedError

    def _stories_that_count(self, hour: int) -> Sequence[ByFeed]:
        found: list[ByFeed] = [{} for _ in range(self.VOLUMES)]
        keys, carriers, of_part, members = self.seen_in(hour)
        for key, feeds, part in zip(keys.tolist(), (carriers & members).tolist(), of_part.tolist(), strict=True):
            if feeds:
                by_feed = found[part if self.VOLUMES > 1 else 0].setdefault(key + 1, {})
                feed = f"f{feeds.bit_length() - 1:02d}" if feeds & (feeds - 1) == 0 else SHARED
                by_feed[feed] = by_feed.get(feed, 0) + 1
        return found

    def _stories_in_shadow(self, hour: int) -> Sequence[Stories]:
        found: list[list[tuple[int, Sequence[str]]]] = [[] for _ in range(self.VOLUMES)]
        keys, carriers, of_part, members = self.seen_in(hour)
        for key, feeds, part in zip(keys.tolist(), carriers.tolist(), of_part.tolist(), strict=True):
            if feeds and not feeds & int(members):
                carried = feed_ids(n for n in range(FEEDS) if feeds >> n & 1)
                found[part if self.VOLUMES > 1 else 0].append((key + 1, carried))
        return found


class ToldSpike(Telling[Spike], SpikeTrack):
    """A spike."""

    def count(self, hour: int) -> None:
        """Tell the bank what each key has in ``hour``."""
        assert self.share is not None
        bank = self.share.bank
        bank.counts[hour % bank.parameters.kept_h, 1 : bank.rows], _ = self.counted_in(hour)

    def scores(self, hour: int) -> dict[int, float]:
        """Return the best score of each key whose windows that end with ``hour`` reach their floors."""
        assert self.share is not None
        bank, floors = self.share.bank, self.settings.floors
        best: dict[int, float] = {}
        for number, length in enumerate(bank.parameters.windows_h):
            count, (_, _, mean) = bank._window_count(hour, length), bank._weights_of_all(hour, number)
            (rows,) = np.nonzero((count >= floors.stories) & (count >= floors.times * mean))
            for row in rows:
                score = bank._score(int(row), hour, number).score
                if score >= _NOTED:
                    best[int(row) - 1] = max(best.get(int(row) - 1, 0.0), score)
        return best


class ToldRecent(Telling[Ratio | Zscore | Record], RecentTrack):
    """A ratio, a z-score or a record."""

    def count(self, hour: int) -> None:
        """Tell the bank what each key has in ``hour``."""
        assert self.bank is not None
        self.bank.counts[hour % self.bank.kept_h, 1 : self.bank.rows], _ = self.counted_in(hour)

    def scores(self, hour: int) -> dict[int, float]:
        """Return 1 for each key that crosses, 0 for those that are a half above normal."""
        bank, settings = self.bank, self.settings
        assert bank is not None
        found: dict[int, float] = {}
        counts = bank.counts[bank.hours(hour, settings.window_h), : bank.rows].sum(axis=0)
        for row in np.flatnonzero(counts >= 1.0).tolist():
            score = bank.score(row, hour)
            enough = score.count >= settings.floors.stories and score.count >= settings.floors.times * score.expected
            known = hour - bank.first_hour >= self.needed_history_h
            if enough and known and reached(settings, score):
                found[row - 1] = 1.0
            elif score.count > 1.5 * score.expected:
                found[row - 1] = 0.0
        return found


class ToldShift(Telling[Shift], ShiftTrack):
    """A shift."""

    def count(self, hour: int) -> None:
        """Tell the bank what each key has in ``hour``."""
        bank = self.bank
        assert bank is not None
        ring = hour % bank.kept_h
        bank.whole[ring, 1 : bank.rows], bank.part[ring, 1 : bank.rows] = self.counted_in(hour)

    def scores(self, hour: int) -> dict[int, float]:
        """Return the scores of the keys whose windows are warm."""
        bank, settings = self.bank, self.settings
        assert bank is not None
        found: dict[int, float] = {}
        hours = bank.hours(hour, settings.window_h)
        parts = bank.part[hours, : bank.rows].sum(axis=0)
        for row in np.flatnonzero(parts >= 1.0).tolist():
            score = bank.score(row, hour)
            if score.p > CALM_P:
                continue
            enough = score.whole >= settings.floors.stories and score.part >= max(1, settings.part)
            found[row - 1] = score.score if enough and score.part >= settings.floors.times * score.expected else 0.0
        return found


def told_track(settings: Followed) -> ToldSpike | ToldShift | ToldRecent:
    """Return a track of such a detector."""
    if isinstance(settings, Spike):
        return ToldSpike(settings, 0, SharedBanks())
    return ToldShift(settings, 0) if isinstance(settings, Shift) else ToldRecent(settings, 0)


def bar_of(settings: Followed) -> float:
    """Return the score at which such a detector rings by default, as a :data:`Note` is told it."""
    if isinstance(settings, Spike):
        return K_OF[Sensitivity.NORMAL]
    return K_OF_SHIFT[Sensitivity.NORMAL] if isinstance(settings, Shift) else 1.0


def history_of(settings: Followed) -> int:
    """Return the hours of history without which such a detector says nothing."""
    if isinstance(settings, Record):
        return settings.baseline_h
    return QUIET_HOURS if isinstance(settings, Ratio | Zscore) else 0


class Watch:
    """A track and the coverage it goes by, stepped hour by hour."""

    def __init__(self, keys: int, told: Told, feeds: Collection[int], settings: Followed | None = None) -> None:
        self.book = CoverageBook()
        self.track = told_track(settings or Spike())
        self.track.begin(keys, told)
        self.hour = 0
        self._poll(feeds, ())
        self.track.start(FIRST_HOUR, FIRST_HOUR, self.book)
        self.track.count(FIRST_HOUR)

    def _poll(self, feeds: Collection[int], down: Collection[int]) -> None:
        since = hour_start(FIRST_HOUR + self.hour)
        polled = tuple(
            FeedCoverage(
                feed_id=feed,
                source=Source(id=feed),
                state=FeedState.FAILING if number in down else FeedState.OK,
                polls_due=1,
                polls_succeeded=0 if number in down else 1,
            )
            for number, feed in zip(feeds, feed_ids(feeds), strict=True)
        )
        at = hour_start(FIRST_HOUR + self.hour + 1)
        self.book.apply(Coverage(since=since, at=at, partition=0, partitions=1, full=True, feeds=polled))

    def go_on(
        self, until: int, feeds: Collection[int], *, down: Collection[int] = (), note: Note | None = None
    ) -> None:
        """Step to hour ``until`` with ``feeds`` polled, those that are ``down`` in vain; tell ``note`` each hour's scores."""
        seen = mask_of(set(feeds) - set(down))
        while self.hour < until:
            if self.hour:
                self._poll(feeds, down)
            hour = FIRST_HOUR + self.hour
            self.track.visible[hour] = seen
            self.track.visible.pop(hour - 100, None)
            self.track.count(hour)
            self.track.close_hour(hour, self.book)
            self.track.count(hour + 1)
            self.book.forget_before(hour - 100)
            if note is not None:
                note(self.hour, self.track.scores(hour))
            self.hour += 1
