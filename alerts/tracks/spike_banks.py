"""Banks shared by the spike tracks of one engine: those that remember alike and began together are stepped together.

A step of a bank costs the same for one row and for hundreds, so an hour of a hundred rules costs what one of them would.
Rows never touch each other, so sharing changes no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import ref

import numpy as np
import numpy.typing as npt

from alerts.detectors.rebase import rebase
from alerts.detectors.spike_bank import SpikeBank, WindowScore
from alerts.detectors.spike_rows import Floats, Rows
from alerts.tracks.row_numbers import RowNumbers


class BankShare:
    """The rows of one track in a bank: number 0 is the key that never saw anything, 1 the first key, and so on."""

    def __init__(self, bank: SpikeBank, first: int = 0) -> None:
        self.bank = bank
        self._rows = RowNumbers(np.arange(first, bank.rows))
        self._row = list(range(first, bank.rows))  # the same, to be asked for one

    @property
    def rows(self) -> Rows:
        """The row in the bank of each number."""
        return self._rows.all

    def add(self) -> None:
        """Add a key that saw nothing yet."""
        row = self.bank.add_row(like=self._row[0])
        self._rows.add(row)
        self._row.append(row)

    def set_exposures(self, hour: int, exposure: Floats | float) -> bool:
        """Set the exposure of ``hour`` for these rows; return whether that changed any."""
        return self.bank.set_exposures(hour, exposure, self.rows)

    def scores(self, row: int, hour: int) -> list[WindowScore]:
        """Return each window of number ``row`` that ends with ``hour``."""
        return self.bank.scores(self._row[row], hour)

    def may_score(self, row: int, hour: int, window: int, bar: float, times: float) -> bool:
        """See :meth:`SpikeBank.may_score`, for number ``row``."""
        return self.bank.may_score(self._row[row], hour, window, bar, times)

    def expected(self, row: int, hour: int, window: int) -> float:
        """Return what a window of number ``row`` is expected to hold."""
        return self.bank.expected(self._row[row], hour, window)

    def levels(self, hour: int) -> Floats:
        """Return by number what was normal an hour when ``hour`` opened, season aside; of the oldest hour kept at least."""
        kept = self.bank.parameters.kept_h
        levels: Floats = self.bank.level[max(hour, self.bank.open_hour - kept + 1) % kept, self.rows]
        return levels

    def may_reach(self, hour: int, least: float, bar: float, times: float) -> Rows:
        """Return the numbers that :meth:`SpikeBank.may_reach` finds among these rows."""
        first, last = self._row[0], self._row[-1]
        side_by_side = last - first + 1 == len(self.rows)  # As in a bank of one's own: looked at without copying them.
        return self.bank.may_reach(slice(first, last + 1) if side_by_side else self.rows, hour, least, bar, times)

    def set_count(self, row: int, hour: int, count: float) -> None:
        """Set what number ``row`` counted in ``hour``."""
        self.bank.set_count(self._row[row], hour, count)

    def rebase(self, part: Floats, doubts: Sequence[Floats] = ()) -> None:
        """Go on as if the hours so far had seen ``part`` of what these rows count from the next hour on; see :func:`rebase`."""
        rebase(self.bank, self.rows, part, doubts)

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`SpikeBank.load` goes on from with these rows alone."""
        return self.bank.state(self.rows)

    def open(self, hour: int) -> None:
        """Open ``hour`` unless a track that shares the bank has."""
        if self.bank.open_hour < hour:
            self.bank.open_next()


class SharedBanks:
    """All banks of one engine; one that no track uses any more is let go."""

    def __init__(self) -> None:
        self._banks: list[ref[SpikeBank]] = []

    def join(self, own: SpikeBank) -> BankShare:
        """Return the share that goes on as ``own``: in a bank that stands where it does, else in ``own`` itself."""
        banks = [bank for known in self._banks if (bank := known()) is not None]
        self._banks = [ref(bank) for bank in banks]
        for bank in banks:
            if (bank.parameters, bank.first_hour, bank.open_hour) == (own.parameters, own.first_hour, own.open_hour):
                return BankShare(bank, bank.adopt(own))
        self._banks.append(ref(own))
        return BankShare(own)
