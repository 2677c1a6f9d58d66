"""The track of a detector with a baseline: every key's normal in one bank, exposures by feed, hours opened and learnt.

What a window must be to cross is the detector's own (:class:`BaselineTrack` is the part they share). Feeds that join count
together with what is expected of them, after a time in shadow (:mod:`alerts.tracks.joining`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.detectors.spike_bank import SpikeBank, SpikeParameters
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import BaselineSettings, Unit
from alerts.tracks.bars import BUDGET_HOURS, bar_of
from alerts.tracks.counting import (
    STORY_MEMORY_HOURS,
    PublishersFloor,
    forget_hours,
    hours_of_json,
    of_unit,
    sorted_hours,
)
from alerts.tracks.crossings import Crossings
from alerts.tracks.feed_shares import SHARED, FeedShares, Floats
from alerts.tracks.joining import Joining
from alerts.tracks.port import Exposure
from alerts.tracks.row_numbers import RowNumbers
from alerts.tracks.spike_banks import BankShare, SharedBanks
from schemas.alert_event import Counts

S = TypeVar("S", bound=BaselineSettings)


class BaselineTrack(ABC, Generic[S]):
    """See :class:`alerts.tracks.port.Track`; a subclass adds ``verdict`` and ``verdicts``."""

    def __init__(self, settings: S, index: int, banks: SharedBanks) -> None:
        self.settings = settings
        self.index = index
        self._banks = banks
        self.rows: dict[str, int] = {}
        self.names: list[str] = [""]  # the keys by row
        self.shares = FeedShares()
        self.joining = Joining(self.shares)
        self.layers = self.joining.layers
        self.articles = self.layers.counted
        self.told_times: Floats | None = None  # by row: how many times as many stories count from the next hour on
        self.floor = PublishersFloor(settings.floors.publishers)
        self.k_by_hour: dict[int, float] = {}
        self.last_learnt = RowNumbers(np.full(1, -1))  # the newest hour with an article, by row
        self.share: BankShare | None = None
        self._windows_log10 = math.log10(len(settings.windows_h))
        self.crossings = Crossings()

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        longest = max(self.settings.windows_h)
        return max(STORY_MEMORY_HOURS, longest + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: S) -> None:
        """Go on with other thresholds; what is remembered stays."""
        same_bar = (settings.sensitivity, settings.budget) == (self.settings.sensitivity, self.settings.budget)
        self.settings = settings
        self.floor.written = settings.floors.publishers
        if not same_bar:
            self.k_by_hour = {hour: self._k(hour) for hour in self.k_by_hour}
        self.crossings.all_changed(0)

    # -- counting ---------------------------------------------------------------------------------------------------

    def insert(self, key: str, card: Card, *, in_part: bool = False) -> None:
        """Count ``card`` for ``key``; no part is asked for here."""
        if key not in self.rows:
            self._add_row(key)
        self._changed(key, self.layers.insert(key, card))

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._changed(key, self.layers.remove(key, card))

    def _add_row(self, key: str) -> None:
        self.rows[key] = len(self.names)
        self.names.append(key)
        self.shares.add_row()
        self.last_learnt.add(-1)
        if self.share is not None:
            self.share.add()

    def _changed(self, key: str, hours: Iterable[int]) -> None:
        if self.share is not None:
            row, unit = self.rows[key], self.settings.of
            for hour in hours:
                self.crossings.counts_changed(key, hour)
                self.share.set_count(row, hour, self.articles.unit_in(key, hour, unit))

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""
        bank = self._new_bank(first_hour)
        for _ in self.rows:
            bank.add_row()
        self.share = BankShare(bank)
        self.joining.start(exposure)
        for hour in range(first_hour, open_hour + 1):
            if hour > first_hour:
                self._set_exposures(hour - 1, exposure)
            self._open(hour, exposure)
            for key in self.articles.keys_in(hour):
                self._changed(key, [hour])
        self.share = self._banks.join(bank)
        self._forget(open_hour)
        self.crossings.start(first_hour, self._newest(open_hour))

    def _parameters(self) -> SpikeParameters:
        return SpikeParameters(windows_h=self.settings.windows_h, half_life_h=float(self.settings.half_life_h))

    def _new_bank(self, first_hour: int) -> SpikeBank:
        return SpikeBank(self._parameters(), first_hour)

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

    def _follow_feeds(self, open_hour: int, exposure: Exposure) -> None:
        """Let feeds join and leave. Only now, for whoever shares the bank has opened no later hour than this yet."""
        assert self.share is not None
        self.told_times = None
        bank = self.share.bank
        moved = self.joining.follow(open_hour, open_hour - bank.first_hour, bank.parameters.guard_h, exposure)
        if moved is None:
            return
        if moved.part is not None:
            self.share.rebase(moved.part)
            self._rebased(moved.part, open_hour)
            self.told_times = 1.0 / moved.part
        for key, hours in moved.changed.items():
            self._changed(key, hours)
        for hour in moved.unseen:
            self._set_exposures(hour, exposure)

    def shadows(self) -> dict[str, int]:
        """Return the feeds in shadow, each with the first hour in which it can count."""
        assert self.share is not None
        guard = self.share.bank.parameters.guard_h
        return {feed: shadow.since + shadow.needed + guard for feed, shadow in self.joining.roll.shadows.items()}

    def _rebased(self, part: Floats, open_hour: int) -> None:
        """Take note that the hours up to ``open_hour`` saw ``part`` of what counts from the next on, row by row."""

    def told_again(self, key: str, count: int) -> int:
        """Return what a count of ``key`` is worth now that feeds have joined or left at the end of this hour."""
        times = 1.0 if self.told_times is None else float(self.told_times[self.rows.get(key, 0)])
        return math.ceil(round(count * times, 6))

    def _open(self, hour: int, exposure: Exposure) -> None:
        assert self.share is not None
        bank = self.share.bank
        learnt = hour - bank.parameters.guard_h
        if learnt >= bank.first_hour:
            self._learn(learnt, exposure)
        if hour % 24 == 0 or hour == bank.first_hour:
            self.shares.new_day()
        self.share.open(hour)
        self.floor.open(hour, exposure)
        previous = self.k_by_hour.get(hour - 1)
        self.k_by_hour[hour] = self._k(hour) if previous is None or hour % 24 == 0 else previous

    def _k(self, hour: int) -> float:
        active = int((self.last_learnt.all >= hour - BUDGET_HOURS).sum()) if self.settings.budget is not None else 0
        return bar_of(self.settings, active)

    def _learn(self, hour: int, exposure: Exposure) -> None:
        """Take note of where the stories that began in ``hour`` came from; the bank learns how many there were."""
        found = self._stories_that_count(hour)
        self.last_learnt.all[list(found)] = hour
        self.shares.learn(found, self.joining.unseen(hour, exposure))
        if self.joining.roll.shadows:
            stories = {row: float(sum(by_feed.values())) for row, by_feed in found.items()}
            self.joining.learn(hour, stories, self._stories_in_shadow(hour), exposure)

    def _stories_that_count(self, hour: int) -> dict[int, dict[str, int]]:
        """Return, by row of every key with an article in ``hour``, how many stories began there, by feed."""
        found: dict[int, dict[str, int]] = {}
        for key in self.articles.keys_in(hour):
            by_feed = found[self.rows[key]] = {}
            entries = self.articles.by_key[key].between(hour, hour)
            if len(entries) == 1:  # What nearly always is so.
                if entries[0].leads:
                    by_feed[entries[0].feed_id] = 1
                continue
            for leader in (e.article_id for e in entries if e.leads):
                feeds = {e.feed_id for e in entries if e.story == leader}
                feed = next(iter(feeds)) if len(feeds) == 1 else SHARED
                by_feed[feed] = by_feed.get(feed, 0) + 1
        return found

    def _stories_in_shadow(self, hour: int) -> Iterable[tuple[int, Sequence[str]]]:
        """Yield (row, feeds) of each story that began in ``hour`` and that only feeds in shadow carried."""
        return ((self.rows[key], feeds) for key, feeds in self.layers.new_stories(hour))

    def _set_exposures(self, hour: int, exposure: Exposure) -> None:
        assert self.share is not None
        if self.share.set_exposures(hour, self.joining.exposures(hour, exposure)):
            self.crossings.all_changed(hour)

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.share is None:
            return
        for hour in sorted_hours(hours, self.share.bank.first_hour, self.share.bank.open_hour - 1):
            self._set_exposures(hour, exposure)

    def _forget(self, open_hour: int) -> None:
        self.articles.forget_before(open_hour - self.memory_hours)  # What they were is in the baseline.
        self.layers.shadow.forget_before(open_hour - self.memory_hours)
        if open_hour % 24 == 0:  # Once a day is enough: older hours are never asked about.
            oldest = open_hour - OPEN_TO_CHANGE_HOURS - max(self.settings.windows_h)
            self.floor.forget_before(oldest)
            forget_hours(self.k_by_hour, oldest)

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the verdict over the windows that end with ``hour``."""
        return self.crossings.known(key, hour) or self._verdict(key, hour)

    @abstractmethod
    def _verdict(self, key: str, hour: int) -> Verdict:
        """Find what :meth:`verdict` returns."""

    @abstractmethod
    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed; where it plainly did not, without finding out how far it was from it."""

    @abstractmethod
    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``: all of them screened at once."""

    def _newest(self, open_hour: int) -> int:
        """Return the newest hour a window may end with."""
        return open_hour

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        return self.crossings.of(self, key, first_hour, last_hour) if self.share is not None else []

    def may_have_crossed(self) -> set[str]:
        """Return the keys of which :meth:`verdicts` may be other than empty."""
        return self.crossings.keys(self) if self.share is not None else set()

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the longest window that ends with ``hour``."""
        return self.articles.alive(hour - self._longest_h() + 1, hour)

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of them."""
        return self.articles.is_alive(key, hour - self._longest_h() + 1, hour)

    def _longest_h(self) -> int:
        return max(self.settings.windows_h)

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
        """Return what the rule counts, of those hours whose ``counts`` they are."""
        if self.settings.of is Unit.PUBLISHERS and key in self.layers.shadow.by_key:
            counts = self.articles.counts(key, first_hour, last_hour)
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

    def corroborated(self, key: str, first_hour: int, last_hour: int) -> str:
        """Say who has it in shadow only; nothing where nobody has."""
        names = self.layers.corroborating(key, first_hour, last_hour)
        return f"not counted yet, but told by {', '.join(names)}" if names else ""

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.layers.countries(key, first_hour, last_hour)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        articles, arrays = self.articles.state()
        shares, share_arrays = self.shares.state()
        document: dict[str, object] = {
            "rows": list(self.rows),
            "articles": articles,
            "shares": shares,
            "floor": dict(self.floor.by_hour),
            "k": dict(self.k_by_hour),
            "bank": None,
        }
        document["joining"], shadow_arrays = self.joining.state()
        all_arrays = {**arrays, "last_learnt": self.last_learnt.all.copy()}
        all_arrays.update({f"shadow_{name}": array for name, array in shadow_arrays.items()})
        all_arrays.update({f"shares_{name}": array for name, array in share_arrays.items()})
        if self.share is not None:
            document["bank"], bank_arrays = self.share.state()
            all_arrays.update({f"bank_{name}": array for name, array in bank_arrays.items()})
        return document, all_arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        rows, articles, shares, bank = document["rows"], document["articles"], document["shares"], document["bank"]
        assert isinstance(rows, list)
        assert isinstance(articles, dict)
        assert isinstance(shares, dict)
        self.names = ["", *map(str, rows)]
        self.rows = {key: row for row, key in enumerate(self.names) if row}
        self.articles.load(articles, arrays)
        self.shares.load(shares, _part(arrays, "shares_"))
        self.joining.load(document["joining"], _part(arrays, "shadow_"))
        self.floor.by_hour = {hour: int(floor) for hour, floor in hours_of_json(document["floor"]).items()}
        self.k_by_hour = hours_of_json(document["k"])
        self.last_learnt = RowNumbers(arrays["last_learnt"].astype(np.int64))
        if bank is not None:
            assert isinstance(bank, dict)
            own = self._new_bank(0)
            own.load(bank, _part(arrays, "bank_"))
            self.share = self._banks.join(own)
            self.crossings.start(own.first_hour, self._newest(own.open_hour))


def _part(arrays: dict[str, npt.NDArray[np.generic]], head: str) -> dict[str, npt.NDArray[np.generic]]:
    return {name.removeprefix(head): array for name, array in arrays.items() if name.startswith(head)}
