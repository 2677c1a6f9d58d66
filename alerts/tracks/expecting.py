"""What every track does that expects something of its feeds: articles in two layers, feeds that join and leave, floors, rows.

    insert, remove ──▶ layers ──▶ counts of the hours that changed
    close_hour ──▶ exposures, hour learnt, next hour opened ──▶ feeds follow: what is expected is told again

What is expected and what a window must be to cross is the detector's own. Feeds that join count together with what is expected
of them, after a time in shadow (:mod:`alerts.tracks.joining`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.chain import quantised_expected
from alerts.lifecycle import Verdict
from alerts.rules.model import BaselineSettings, Unit, WindowSettings
from alerts.tracks.bars import BUDGET_HOURS, is_counted_anew
from alerts.tracks.counting import PublishersFloor, hours_of_json, of_unit, publishers_by_hour, sorted_hours
from alerts.tracks.crossings import Crossings
from alerts.tracks.feed_shares import FeedShares, Floats
from alerts.tracks.hour_stories import ByFeed, stories_in_shadow, stories_that_count
from alerts.tracks.joining import Joining, Moved, Stories
from alerts.tracks.port import Exposure
from alerts.tracks.row_numbers import RowNumbers
from schemas.alert_event import Counts

S = TypeVar("S", bound=BaselineSettings | WindowSettings)


class ExpectingTrack(ABC, Generic[S]):
    """See :class:`alerts.tracks.port.Track`; a subclass adds what is expected, ``verdict`` and ``verdicts``."""

    #: Kinds of stories whose feeds are told apart: all alike, or for a share those that are not of the part and those that are.
    VOLUMES: ClassVar[int] = 1

    def __init__(self, settings: S, index: int) -> None:
        self.settings = settings
        self.index = index
        self.started = False  # whether there is a bank, which has hours
        self.rows: dict[str, int] = {}
        self.names: list[str] = [""]  # the keys by row
        self.joining = Joining([FeedShares() for _ in range(self.VOLUMES)])
        self.layers = self.joining.layers
        self.articles = self.layers.counted
        self.told_times: Floats | None = None  # by row: how many times as many stories count from the next hour on
        self.floor = PublishersFloor(settings.floors.publishers)
        self.last_learnt = RowNumbers(np.full(1, -1))  # the newest hour with an article, by row
        self.crossings = Crossings()

    def exchange(self, settings: S) -> None:
        """Go on with other thresholds; what is remembered stays."""
        self.settings = settings
        self.floor.written = settings.floors.publishers
        self.crossings.all_changed(0)

    # -- what the bank knows ----------------------------------------------------------------------------------------

    @abstractmethod
    def _first_and_open(self) -> tuple[int, int]:
        """Return the first hour and the open one."""

    @property
    @abstractmethod
    def guard_h(self) -> int:
        """Hours between the beginning of the baseline and the opening at which it learns its first."""

    @property
    @abstractmethod
    def lag_h(self) -> int:
        """Hours between the opening of an hour and when its feeds are learnt."""

    @abstractmethod
    def _add_to_bank(self) -> None:
        """Add a row that saw nothing yet."""

    @abstractmethod
    def _set_count(self, key: str, hour: int) -> None:
        """Tell the bank what ``key`` has in ``hour`` now."""

    @abstractmethod
    def _set_exposures(self, hour: int, exposure: Exposure) -> None:
        """Tell the bank what was seen of ``hour``."""

    @abstractmethod
    def _rebase(self, moved: Moved, open_hour: int) -> None:
        """Go on as if the hours up to ``open_hour`` had seen the parts of what counts from the next on that ``moved`` tells."""

    @abstractmethod
    def _open(self, hour: int, exposure: Exposure) -> None:
        """Open ``hour``; learn what left the guard."""

    @abstractmethod
    def _forget(self, open_hour: int) -> None:
        """Drop what is never asked about again."""

    # -- counting ---------------------------------------------------------------------------------------------------

    def insert(self, key: str, card: Card, *, in_part: bool = False) -> None:
        """Count ``card`` for ``key``."""
        if key not in self.rows:
            self._add_row(key)
        self._changed(key, self.layers.insert(key, card))

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._changed(key, self.layers.remove(key, card))

    def _add_row(self, key: str) -> None:
        self.rows[key] = len(self.names)
        self.names.append(key)
        self.joining.add_row()
        self.last_learnt.add(-1)
        if self.started:
            self._add_to_bank()

    def _changed(self, key: str, hours: Iterable[int]) -> None:
        if self.started:
            for hour in hours:
                self.crossings.counts_changed(key, hour)
                self._set_count(key, hour)

    # -- hours ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Close ``hour`` and open the next."""
        if self.joining.shortfalls(hour, exposure):  # Until something is missing, an hour is seen wholly.
            self._set_exposures(hour, exposure)
        self._open(hour + 1, exposure)
        self.crossings.opened(self._newest(hour + 1))
        # News may be ahead of engine time: it counts once its hour is open.
        for key in self.articles.keys_in(hour + 1):
            self._changed(key, [hour + 1])
        self._forget(hour + 1)
        self._follow_feeds(hour + 1, exposure)

    def _newest(self, open_hour: int) -> int:
        """Return the newest hour a window may end with."""
        return open_hour

    def _follow_feeds(self, open_hour: int, exposure: Exposure) -> None:
        """Let feeds join and leave. Only now, for whoever shares the bank has opened no later hour than this yet."""
        self.told_times = None
        first, _ = self._first_and_open()
        moved = self.joining.follow(open_hour, open_hour - first, self.guard_h, exposure)
        if moved is not None:
            self._move(moved, open_hour, exposure)

    def _move(self, moved: Moved, open_hour: int, exposure: Exposure) -> None:
        if moved.parts:
            self._rebase(moved, open_hour)
            self.told_times = 1.0 / moved.parts[-1]
        for key, hours in moved.changed.items():
            self._changed(key, hours)
        for hour in moved.unseen:
            self._set_exposures(hour, exposure)

    def shadows(self) -> dict[str, int]:
        """Return the feeds in shadow, each with the first hour in which it can count."""
        return {feed: shadow.since + shadow.needed + self.lag_h for feed, shadow in self.joining.roll.shadows.items()}

    def told_again(self, key: str, count: int) -> int:
        """Return what a count of ``key`` is worth now that feeds have joined or left at the end of this hour."""
        times = 1.0 if self.told_times is None else float(self.told_times[self.rows.get(key, 0)])
        return math.ceil(round(count * times, 6))

    def _learn(self, hour: int, exposure: Exposure) -> None:
        """Take note of where the stories that began in ``hour`` came from; the bank learns how many there were."""
        found = self._stories_that_count(hour)
        for by_row in found:
            self.last_learnt.all[list(by_row)] = hour
        unseen = self.joining.unseen(hour, exposure)
        for shares, by_row in zip(self.joining.shares, found, strict=True):
            shares.learn(by_row, unseen)
        if self.joining.roll.shadows:
            counted = [{row: float(sum(by_feed.values())) for row, by_feed in by_row.items()} for by_row in found]
            self.joining.learn(hour, counted, self._stories_in_shadow(hour), exposure)

    def _volume_of(self, key: str, leader: str) -> int:
        """Return of which volume a story is that begins with the article ``leader``."""
        del key, leader
        return 0

    def _stories_that_count(self, hour: int) -> Sequence[ByFeed]:
        """Return :func:`alerts.tracks.hour_stories.stories_that_count`."""
        return stories_that_count(self.articles, self.rows, hour, self.VOLUMES, self._volume_of)

    def _stories_in_shadow(self, hour: int) -> Sequence[Stories]:
        """Return :func:`alerts.tracks.hour_stories.stories_in_shadow`."""
        return stories_in_shadow(self.layers, self.rows, hour, self.VOLUMES, self._volume_of)

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.started:
            first, newest = self._first_and_open()
            for hour in sorted_hours(hours, first, newest - 1):
                self._set_exposures(hour, exposure)

    # -- a budget ---------------------------------------------------------------------------------------------------

    def counts_watches(self, hour: int) -> bool:
        """Tell whether the keys that share a budget are counted anew when ``hour`` opens."""
        first, _ = self._first_and_open()
        return is_counted_anew(hour, hour + 1 - self.lag_h - first)

    def sharing(self, hour: int) -> npt.NDArray[np.bool_]:
        """Return by row whether a key had an article in the hours up to ``hour``, which opens, that share a budget.

        Hours that are not learnt yet are looked through: a history that begins has learnt nothing for a day, and would share
        its budget among none.
        """
        had: npt.NDArray[np.bool_] = self.last_learnt.all >= hour - BUDGET_HOURS
        for key in self.articles.alive(hour + 1 - self.lag_h, hour):
            had[self.rows[key]] = True
        return had

    # -- verdicts ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return the verdict where it crossed; where it plainly did not, without finding out how far it was from it."""

    @abstractmethod
    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``: all of them screened at once."""

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        return self.crossings.of(self, key, first_hour, last_hour) if self.started else []

    def may_have_crossed(self) -> set[str]:
        """Return the keys of which :meth:`verdicts` may be other than empty."""
        return self.crossings.keys(self) if self.started else set()

    @abstractmethod
    def _longest_h(self) -> int:
        """Return the hours of the longest window."""

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the longest window that ends with ``hour``."""
        return self.articles.alive(hour - self._longest_h() + 1, hour)

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of them."""
        return self.articles.is_alive(key, hour - self._longest_h() + 1, hour)

    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self.rows)

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        return self.articles.counted(key, first_hour, last_hour)

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return the stories and articles that count, and all publishers: those in shadow corroborate."""
        return self.layers.counts(key, first_hour, last_hour)

    def count_of(self, key: str, counts: Counts, first_hour: int, last_hour: int) -> int:
        """Return what is compared with what is expected, of those hours whose ``counts`` they are."""
        if self.settings.of is Unit.PUBLISHERS:
            return publishers_by_hour(self.articles.between(key, first_hour, last_hour))
        return of_unit(counts, self.settings.of)

    def reaches(self, key: str, hours: tuple[int, int], stories: int, publishers: int) -> bool:
        """Tell whether so many stories count in ``hours`` (first, last), and so many publishers have it at all."""
        articles = self.articles.by_key.get(key)
        if articles is None:
            return False
        if key not in self.layers.shadow.by_key:
            return articles.reaches(*hours, stories, publishers)
        counts = self.counts(key, *hours)
        return counts.stories >= stories and counts.publishers >= publishers

    def says(self, key: str, hours: tuple[int, int], count: int, expected: float) -> str:
        """Say of a window that crossed what its counts do not: what was compared unless it was stories, and who corroborates."""
        return "; ".join(filter(None, (self.compared(count, expected), self.corroborated(key, *hours))))

    def compared(self, count: int, expected: float) -> str:
        """Say what was compared with what is expected; nothing where it was stories, which an alert shows anyway."""
        unit = self.settings.of
        if unit is Unit.STORIES:
            return ""
        by_hour = ", hour by hour" if unit is Unit.PUBLISHERS else ""
        return f"compared: {count} {unit.value}{by_hour}, normally {quantised_expected(expected):.3g}"

    def corroborated(self, key: str, first_hour: int, last_hour: int) -> str:
        """Say who has it in shadow only; nothing where nobody has."""
        names = self.layers.corroborating(key, first_hour, last_hour)
        return f"not counted yet, but told by {', '.join(names)}" if names else ""

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.layers.countries(key, first_hour, last_hour)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly, but for the bank."""
        articles, arrays = self.articles.state()
        document: dict[str, object] = {
            "rows": list(self.rows),
            "articles": articles,
            "floor": dict(self.floor.by_hour),
            "bank": None,
        }
        document["joining"], feed_arrays = self.joining.state()
        return document, {**arrays, **feed_arrays, "last_learnt": self.last_learnt.all.copy()}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described, but for the bank."""
        rows, articles = document["rows"], document["articles"]
        assert isinstance(rows, list)
        assert isinstance(articles, dict)
        self.names = ["", *map(str, rows)]
        self.rows = {key: row for row, key in enumerate(self.names) if row}
        self.articles.load(articles, arrays)
        self.joining.load(document["joining"], arrays)
        self.floor.by_hour = {hour: int(floor) for hour, floor in hours_of_json(document["floor"]).items()}
        self.last_learnt = RowNumbers(arrays["last_learnt"].astype(np.int64))
