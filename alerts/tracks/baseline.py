"""The track of a detector with a baseline: every key's normal in one bank, exposures by feed, hours opened and learnt.

What a window must be to cross is the detector's own (:class:`BaselineTrack` is the part they share).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import BaselineSettings
from alerts.tracks.bars import SELDOM_BELOW, SELDOM_FITS, bar_of
from alerts.tracks.counting import STORY_MEMORY_HOURS, forget_hours, hours_of_json
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.joining import Moved, only
from alerts.tracks.port import Exposure
from alerts.tracks.spike_banks import BankShare, SharedBanks

S = TypeVar("S", bound=BaselineSettings)

#: Hours whose articles are forgotten together.
_FORGOTTEN_TOGETHER_H = 6


class BaselineTrack(ExpectingTrack[S]):
    """See :class:`alerts.tracks.port.Track`; a subclass adds ``_verdict``, ``crossed`` and ``candidates``."""

    def __init__(self, settings: S, index: int, banks: SharedBanks) -> None:
        super().__init__(settings, index)
        self._banks = banks
        self.k_by_hour: dict[int, float] = {}
        self.share: BankShare | None = None
        self._windows_log10 = math.log10(len(settings.windows_h))

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        longest = max(self.settings.windows_h)
        return max(STORY_MEMORY_HOURS, longest + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: S) -> None:
        """Go on with other thresholds; what is remembered stays."""
        same_bar = (settings.sensitivity, settings.budget) == (self.settings.sensitivity, self.settings.budget)
        super().exchange(settings)
        if not same_bar:
            self.k_by_hour = {hour: self._k(hour) for hour in self.k_by_hour}

    # -- what the bank knows ----------------------------------------------------------------------------------------

    def _first_and_open(self) -> tuple[int, int]:
        assert self.share is not None
        return self.share.bank.first_hour, self.share.bank.open_hour

    @property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning."""
        assert self.share is not None
        return self.share.bank.parameters.guard_h

    @property
    def lag_h(self) -> int:
        """The same: feeds are learnt together with counts."""
        return self.guard_h

    def _add_to_bank(self) -> None:
        assert self.share is not None
        self.share.add()

    def _set_count(self, key: str, hour: int) -> None:
        assert self.share is not None
        self.share.set_count(self.rows[key], hour, self.articles.unit_in(key, hour, self.settings.of))

    def _set_exposures(self, hour: int, exposure: Exposure) -> None:
        assert self.share is not None
        (seen,) = self.joining.exposures(hour, exposure)
        if self.share.set_exposures(hour, seen):
            self.crossings.all_changed(hour)

    def _rebase(self, moved: Moved, open_hour: int) -> None:
        assert self.share is not None
        (part,) = moved.parts
        self.share.rebase(part, moved.doubts)

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""
        bank = self._new_bank(first_hour)
        for _ in self.rows:
            bank.add_row()
        self.share, self.started = BankShare(bank), True
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

    def _open(self, hour: int, exposure: Exposure) -> None:
        assert self.share is not None
        bank = self.share.bank
        learnt = hour - bank.parameters.guard_h
        if learnt >= bank.first_hour:
            self._learn(learnt, exposure)
        if hour % 24 == 0 or hour == bank.first_hour:
            for shares in self.joining.shares:
                shares.new_day()
        self.share.open(hour)
        self.floor.open(hour, exposure)
        self._open_bar(hour)

    def _open_bar(self, hour: int) -> None:
        """Find the bar of ``hour``, which opens: mostly that of the hour before."""
        previous = self.k_by_hour.get(hour - 1)
        self.k_by_hour[hour] = self._k(hour) if previous is None or self.counts_watches(hour) else previous

    def catch_up(self, hours: range, ended: Exposure) -> None:
        """Close ``hours`` of one UTC day as :meth:`close_hour` would have at their ends, which ``ended`` tells of.

        Nothing was counted meanwhile, and the same feeds were there.
        """
        assert self.share is not None
        first, unlearnt = self.share.bank.first_hour, 0
        shares, roll = self.joining.shares, self.joining.roll
        for hour in hours:
            learnt = hour + 1 - self.guard_h
            learns = learnt >= first
            plain = not learns or not (self.articles.keys_in(learnt) or self.joining.unseen(learnt, ended))
            if not plain or ended.shortfalls(hour):  # Either may add a column, which has not faded with the others.
                for of_volume in shares:
                    of_volume.fade(unlearnt)
                unlearnt = 0
            if ended.shortfalls(hour):
                self._set_exposures(hour, ended)
            if not plain:
                self._learn(learnt, ended)
            elif learns:
                unlearnt += 1
            self.share.open(hour + 1)
            self.floor.open(hour + 1, ended)
            self._open_bar(hour + 1)
        for of_volume in shares:
            of_volume.fade(unlearnt)
        unsettled = [hour + 1 for hour in hours if not roll.is_plain(hour + 1)]
        if unsettled:
            roll.forget(unsettled[-1])  # Stretches of feeds, and no feed.
        self.told_times = None
        self.crossings.passed(self._newest(hour + 1) for hour in hours)
        self._forget(hours[-1] + 1)

    def _k(self, hour: int) -> float:
        if self.settings.budget is None:
            return bar_of(self.settings, 0)
        sharing, seldom = self.sharing(hour), 0
        if self.settings.kind in SELDOM_FITS:
            assert self.share is not None
            seldom = int((sharing & (self.share.levels(hour) < SELDOM_BELOW)).sum())
        return bar_of(self.settings, int(sharing.sum()), seldom)

    def _forget(self, open_hour: int) -> None:
        # What they were is in the baseline. A key is gone through once for the articles of some hours: nothing asks about older.
        oldest_article = open_hour - open_hour % _FORGOTTEN_TOGETHER_H - self.memory_hours
        self.articles.forget_before(oldest_article)
        self.layers.shadow.forget_before(oldest_article)
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

    def _longest_h(self) -> int:
        return max(self.settings.windows_h)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        document["k"] = dict(self.k_by_hour)
        if self.share is not None:
            document["bank"], bank_arrays = self.share.state()
            arrays.update({f"bank_{name}": array for name, array in bank_arrays.items()})
        return document, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        self.k_by_hour = hours_of_json(document["k"])
        bank = document["bank"]
        if bank is not None:
            assert isinstance(bank, dict)
            own = self._new_bank(0)
            own.load(bank, only(arrays, "bank_"))
            self.share, self.started = self._banks.join(own), True
            self.crossings.start(own.first_hour, self._newest(own.open_hour))
