"""The track of a detector with one window: rows, hours, floors. What crosses is the detector's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.detectors.hour_bank import HourBank
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import WindowSettings
from alerts.tracks.counting import STORY_MEMORY_HOURS
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.joining import Moved, only
from alerts.tracks.port import Exposure

S = TypeVar("S", bound=WindowSettings)
B = TypeVar("B", bound=HourBank)


class HourlyTrack(ExpectingTrack[S], Generic[S, B]):
    """See :class:`alerts.tracks.port.Track`; a subclass makes the bank, counts an hour and says what crosses."""

    def __init__(self, settings: S, index: int) -> None:
        super().__init__(settings, index)
        self.bank: B | None = None

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        return max(STORY_MEMORY_HOURS, self.settings.window_h + OPEN_TO_CHANGE_HOURS + 2)

    # -- what the bank knows ----------------------------------------------------------------------------------------

    def _first_and_open(self) -> tuple[int, int]:
        assert self.bank is not None
        return self.bank.first_hour, self.bank.open_hour

    @property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning by the bank."""
        return self.bank.guard_h if self.bank is not None else 0

    @property
    def lag_h(self) -> int:
        """Hours after which counts are final: feeds need no whole window to be known."""
        return OPEN_TO_CHANGE_HOURS + 1

    def _add_to_bank(self) -> None:
        assert self.bank is not None
        self.bank.add_row()

    def _set_exposures(self, hour: int, exposure: Exposure) -> None:
        assert self.bank is not None
        if self.bank.set_exposures(hour, self.joining.exposures(hour, exposure)):
            self.crossings.all_changed(hour)

    def _rebase(self, moved: Moved, open_hour: int) -> None:
        assert self.bank is not None
        self.bank.rebase(moved.parts, moved.doubts)

    @abstractmethod
    def _new_bank(self, first_hour: int) -> B:
        """Return a bank without keys."""

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""
        self.bank = bank = self._new_bank(first_hour)
        self.started = True
        for _ in self.rows:
            bank.add_row()
        self.joining.start(exposure)
        for hour in range(first_hour, open_hour + 1):
            if hour > first_hour:
                self._set_exposures(hour - 1, exposure)
            self._open(hour, exposure)
            for key in self.articles.keys_in(hour):
                self._set_count(key, hour)
        self._forget(open_hour)
        self.crossings.start(first_hour, self._newest(open_hour))

    def _open(self, hour: int, exposure: Exposure) -> None:
        assert self.bank is not None
        if hour - self.lag_h >= self.bank.first_hour:
            self._learn(hour - self.lag_h, exposure)
        if hour % 24 == 0 or hour == self.bank.first_hour:
            for shares in self.joining.shares:
                shares.new_day()
        self.bank.open_next()
        self.floor.open(hour, exposure)

    def _forget(self, open_hour: int) -> None:
        assert self.bank is not None
        for layer in (self.articles, self.layers.shadow):
            for key in layer.forget_before(open_hour - self.memory_hours):
                self._forgotten(key)
        self.floor.forget_before(open_hour - self.bank.kept_h)

    def _forgotten(self, key: str) -> None:
        """Drop what is kept of articles of ``key`` that are no longer counted."""

    # -- verdicts ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the verdict over the window that ends with ``hour``."""

    @abstractmethod
    def _reaches_floors(self, key: str, hour: int) -> bool:
        """Tell whether the counted floors hold: cheap, and never wrong when it says no."""

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        verdict = self.verdict(key, hour) if self._reaches_floors(key, hour) else None
        return verdict if verdict is not None and verdict.crossed else None

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def _longest_h(self) -> int:
        return self.settings.window_h

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        if self.bank is not None:
            document["bank"], bank_arrays = self.bank.state()
            arrays.update({f"bank_{name}": array for name, array in bank_arrays.items()})
        return document, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        bank = document["bank"]
        if bank is not None:
            assert isinstance(bank, dict)
            self.bank = self._new_bank(0)
            self.bank.load(bank, only(arrays, "bank_"))
            self.started = True
            self.crossings.start(self.bank.first_hour, self._newest(self.bank.open_hour))
