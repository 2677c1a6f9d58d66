"""The track of a ``spike``: every key's baseline in one bank, exposures by feed, windows scored where floors can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.chain import quantised_expected
from alerts.detectors.spike_bank import SpikeBank, SpikeParameters, WindowScore
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import Sensitivity, Spike
from alerts.tracks.counting import (
    STORY_MEMORY_HOURS,
    KeyedArticles,
    PublishersFloor,
    forget_hours,
    hours_of_json,
    of_unit,
    reaches,
    sorted_hours,
)
from alerts.tracks.feed_shares import SHARED, FeedShares
from alerts.tracks.port import Exposure
from alerts.tracks.spike_banks import BankShare, SharedBanks

#: Score to reach by sensitivity.
K_OF = {Sensitivity.HIGH: 2.5, Sensitivity.NORMAL: 3.0, Sensitivity.LOW: 4.0}

#: A window is calm again when what it counted is as probable as this.
CALM_P = 0.05

#: Keys with an article in so many hours share a budget.
BUDGET_HOURS = 28 * 24


def k_of_budget(false_alarms_per_month: float, keys: int) -> float:
    """Return the score at which ``keys`` together ring so many false alarms a month; within 2.5 to 6 (design, spike)."""
    k = (0.77 - math.log10(false_alarms_per_month / max(1, keys))) / 0.57
    return min(6.0, max(2.5, k))


class SpikeTrack:
    """See :class:`alerts.tracks.port.Track`."""

    def __init__(self, settings: Spike, index: int, banks: SharedBanks) -> None:
        self.settings = settings
        self.index = index
        self._banks = banks
        self.articles = KeyedArticles()
        self.rows: dict[str, int] = {}
        self.shares = FeedShares()
        self.floor = PublishersFloor(settings.floors.publishers)
        self.k_by_hour: dict[int, float] = {}
        self.last_learnt: npt.NDArray[np.int64] = np.full(1, -1, dtype=np.int64)
        self.share: BankShare | None = None
        # What was found for a key and hour until something under it changes; None: no window reaches the floors.
        self._found: dict[str, dict[int, Verdict | None]] = {}

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        longest = max(self.settings.windows_h)
        return max(STORY_MEMORY_HOURS, longest + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: Spike) -> None:
        """Go on with other thresholds; what is remembered stays."""
        same_bar = (settings.sensitivity, settings.budget) == (self.settings.sensitivity, self.settings.budget)
        self.settings = settings
        self.floor.written = settings.floors.publishers
        if not same_bar:
            self.k_by_hour = {hour: self._k(hour) for hour in self.k_by_hour}
        self._found.clear()

    # -- counting ---------------------------------------------------------------------------------------------------

    def insert(self, key: str, card: Card) -> None:
        """Count ``card`` for ``key``."""
        if key not in self.rows:
            self._add_row(key)
        self._changed(key, self.articles.insert(key, card))

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._changed(key, self.articles.remove(key, card))

    def _add_row(self, key: str) -> None:
        self.rows[key] = len(self.rows) + 1
        self.shares.add_row()
        self.last_learnt = np.append(self.last_learnt, -1)
        if self.share is not None:
            self.share.add()

    def _changed(self, key: str, hours: Iterable[int]) -> None:
        changed = list(hours)
        found = self._found.get(key)
        if found and changed:
            first = min(changed)
            self._found[key] = {hour: verdict for hour, verdict in found.items() if hour < first}
        if self.share is not None:
            for hour in changed:
                self.share.set_count(self.rows[key], hour, self.articles.unit_in(key, hour, self.settings.of))

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""
        bank = SpikeBank(self._parameters(), first_hour)
        for _ in self.rows:
            bank.add_row()
        self.share = BankShare(bank)
        by_hour: dict[int, list[str]] = {}
        for key, articles in self.articles.by_key.items():
            for hour in articles.hours():
                by_hour.setdefault(hour, []).append(key)
        for hour in range(first_hour, open_hour + 1):
            if hour > first_hour:
                self._set_exposures(hour - 1, exposure)
            self._open(hour, exposure)
            for key in by_hour.get(hour, ()):
                self._changed(key, [hour])
        self.share = self._banks.join(bank)
        self._forget(open_hour)

    def _parameters(self) -> SpikeParameters:
        return SpikeParameters(windows_h=self.settings.windows_h, half_life_h=float(self.settings.half_life_h))

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Close ``hour`` and open the next."""
        if exposure.shortfalls(hour):  # Until something is missing, an hour is seen wholly.
            self._set_exposures(hour, exposure)
        self._open(hour + 1, exposure)
        for key, articles in self.articles.by_key.items():
            if articles.articles_in(hour + 1):  # News may be ahead of engine time: it counts once its hour is open.
                self._changed(key, [hour + 1])
        self._forget(hour + 1)

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
        if self.settings.sensitivity is not None:
            return K_OF[self.settings.sensitivity]
        assert self.settings.budget is not None
        keys = int((self.last_learnt >= hour - BUDGET_HOURS).sum())
        return k_of_budget(self.settings.budget.false_alarms_per_month, keys)

    def _learn(self, hour: int, exposure: Exposure) -> None:
        """Take note of where the stories that began in ``hour`` came from; the bank learns how many there were."""
        found: dict[int, dict[str, int]] = {}
        for key, articles in self.articles.by_key.items():
            if not articles.articles_in(hour):
                continue
            row = self.rows[key]
            self.last_learnt[row] = hour
            entries = list(articles.between(hour, hour))
            for leader in (e.article_id for e in entries if e.leads):
                feeds = {e.feed_id for e in entries if e.story == leader}
                feed = next(iter(feeds)) if len(feeds) == 1 else SHARED
                by_feed = found.setdefault(row, {})
                by_feed[feed] = by_feed.get(feed, 0) + 1
        self.shares.learn(found, exposure.shortfalls(hour))

    def _set_exposures(self, hour: int, exposure: Exposure) -> None:
        assert self.share is not None
        short = exposure.shortfalls(hour)
        if self.share.set_exposures(hour, self.shares.exposures(short, len(exposure.counting()))):
            for key, found in self._found.items():
                self._found[key] = {h: verdict for h, verdict in found.items() if h < hour}

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.share is None:
            return
        for hour in sorted_hours(hours, self.share.bank.first_hour, self.share.bank.open_hour - 1):
            self._set_exposures(hour, exposure)

    def _forget(self, open_hour: int) -> None:
        if self.articles.by_key:
            for _ in self.articles.forget_before(open_hour - self.memory_hours):
                pass  # What they were is in the baseline.
        oldest = open_hour - OPEN_TO_CHANGE_HOURS - max(self.settings.windows_h)
        for key in list(self._found):
            kept = {h: verdict for h, verdict in self._found[key].items() if h >= open_hour - OPEN_TO_CHANGE_HOURS}
            if kept:
                self._found[key] = kept
            else:
                del self._found[key]
        self.floor.forget_before(oldest)
        forget_hours(self.k_by_hour, oldest)

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that crossed, else the one with the highest score; calm when every window is."""
        found = self._found.setdefault(key, {})
        verdict = found.get(hour)
        if verdict is None:
            windows = [self._window(key, hour, score) for score in self._scores(key, hour)]
            best, _ = max(windows, key=lambda w: (w[0].crossed, w[0].score or 0.0, -w[0].window_h))
            calm = not best.crossed and all(round(p, 6) > CALM_P for _, p in windows)
            verdict = found[hour] = _with_calm(best, calm=calm)
        return verdict

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        if key not in self.articles.by_key or self.share is None:
            return []
        found = self._found.setdefault(key, {})
        crossed = []
        for hour in range(max(first_hour, self.share.bank.first_hour), last_hour + 1):
            if hour not in found:
                found[hour] = self.verdict(key, hour) if self._may_cross(key, hour) else None
            verdict = found[hour]
            if verdict is not None and verdict.crossed:
                crossed.append(verdict)
        return crossed

    def _may_cross(self, key: str, hour: int) -> bool:
        """Tell whether the counted floors hold in some window: cheap, and never wrong when it says no."""
        needed = self.floor.at(hour)
        for length in self.settings.windows_h:
            counts = self.articles.counts(key, hour - length + 1, hour)
            if counts.articles and reaches(counts, self.settings.floors, needed):
                return True
        return False

    def _scores(self, key: str, hour: int) -> list[WindowScore]:
        assert self.share is not None
        return self.share.scores(self.rows.get(key, 0), hour)

    def _window(self, key: str, hour: int, score: WindowScore) -> tuple[Verdict, float]:
        counts = self.articles.counts(key, hour - score.hours + 1, hour)
        crossed = (
            counts.articles > 0
            and round(score.score, 3) >= self.k_by_hour[hour]
            and reaches(counts, self.settings.floors, self.floor.at(hour))
            and score.count >= self.settings.floors.times * quantised_expected(score.expected)
        )
        verdict = Verdict(
            detector="spike",
            track=self.index,
            hour=hour,
            window_h=score.hours,
            crossed=crossed,
            calm=False,
            count=of_unit(counts, self.settings.of),
            counts=counts,
            expected=score.expected,
            score=score.score,
            coverage=score.coverage,
        )
        return verdict, score.p

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the longest window that ends with ``hour``."""
        return self.articles.alive(hour - max(self.settings.windows_h) + 1, hour)

    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self.rows)

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        return self.articles.counted(key, first_hour, last_hour)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.articles.countries(key, first_hour, last_hour)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        articles, arrays = self.articles.state()
        shares, share_arrays = self.shares.state()
        document: dict[str, object] = {
            "rows": list(self.rows),
            "articles": articles,
            "shares": shares,
            "floor": self.floor.by_hour,
            "k": self.k_by_hour,
            "bank": None,
        }
        all_arrays = {**arrays, "last_learnt": self.last_learnt.copy()}
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
        self.rows = {str(key): row for row, key in enumerate(rows, start=1)}
        self.articles.load(articles, arrays)
        self.shares.load(shares, _part(arrays, "shares_"))
        self.floor.by_hour = {hour: int(floor) for hour, floor in hours_of_json(document["floor"]).items()}
        self.k_by_hour = hours_of_json(document["k"])
        self.last_learnt = np.array(arrays["last_learnt"], dtype=np.int64)
        if bank is not None:
            assert isinstance(bank, dict)
            own = SpikeBank(self._parameters(), 0)
            own.load(bank, _part(arrays, "bank_"))
            self.share = self._banks.join(own)


def _part(arrays: dict[str, npt.NDArray[np.generic]], head: str) -> dict[str, npt.NDArray[np.generic]]:
    return {name.removeprefix(head): array for name, array in arrays.items() if name.startswith(head)}


def _with_calm(verdict: Verdict, *, calm: bool) -> Verdict:
    return Verdict(
        detector=verdict.detector,
        track=verdict.track,
        hour=verdict.hour,
        window_h=verdict.window_h,
        crossed=verdict.crossed,
        calm=calm,
        count=verdict.count,
        counts=verdict.counts,
        expected=verdict.expected,
        score=verdict.score,
        coverage=verdict.coverage,
    )
