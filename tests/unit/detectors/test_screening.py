"""Screening all rows at once never leaves out one that the comparison itself finds, however few or many have counted enough."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters

_ROWS = 80
_LEAST, _BAR, _TIMES = 2.0, 1.0, 1.5


@pytest.mark.parametrize("chatty", [3, 40, _ROWS - 1])
@pytest.mark.parametrize("outage", [False, True])
def test_none_is_left_out(chatty: int, outage: bool) -> None:
    bank = SpikeBank(SpikeParameters(), 480_000)
    for _ in range(_ROWS - 1):
        bank.add_row()
    chance = np.random.default_rng(chatty)
    found_any = 0
    for number in range(260):
        bank.open_next()
        for row in range(1, chatty + 1):
            burst = 12.0 if chance.random() < 0.03 else 1.0
            bank.set_count(row, bank.open_hour, float(chance.poisson(0.3 * burst)))
        if outage and number % 50 < 5:
            bank.set_exposures(bank.open_hour, chance.random(_ROWS))
        if number < 200:
            continue
        for hour in (bank.open_hour, bank.open_hour - 5):
            screened = set(bank.may_reach(slice(0, bank.rows), hour, _LEAST, _BAR, _TIMES).tolist())
            scores = {row: bank.scores(row, hour) for row in range(bank.rows)}
            reach = {
                row
                for row, windows in scores.items()
                if any(w.count >= _LEAST and w.score >= _BAR and w.count >= _TIMES * w.expected for w in windows)
            }
            found_any += len(reach)
            assert reach <= screened
            assert all(any(w.count >= _LEAST for w in scores[row]) for row in screened)
    assert found_any > 0


def test_what_was_seen_wholly_is_known_after_reading_back() -> None:
    """Sums over hours that every row saw are spared; a bank read back must not spare the others."""
    bank = SpikeBank(SpikeParameters(), 480_000)
    bank.add_row()
    for number in range(60):
        bank.open_next()
        bank.set_count(1, bank.open_hour, 1.0)
        if number % 7 == 3:
            bank.set_exposures(bank.open_hour, np.array([0.5, 0.25]))
    again = SpikeBank(SpikeParameters(), 0)
    again.load(*bank.state(np.arange(bank.rows)))
    for _ in range(30):
        for one in (bank, again):
            one.open_next()
        assert again.scores(1, again.open_hour) == bank.scores(1, bank.open_hour)
        assert again.scores(1, again.open_hour)[1].coverage <= 1.0
    assert all((getattr(bank, name)[..., :2] == getattr(again, name)).all() for name in bank.ARRAYS)


class Forgetful(SpikeBank):
    """Remembers no sum of a window: whatever is asked is found from the hours themselves."""

    def open_next(self) -> None:
        """Open the next hour."""
        self._weights.clear()
        super().open_next()

    def add_row(self, like: int = 0) -> int:
        """Add a row."""
        self._weights.clear()
        return super().add_row(like)


def test_rows_that_come_later_are_known_from_what_was_found_of_those_they_copy() -> None:
    chance = np.random.default_rng(7)
    one, other = SpikeBank(SpikeParameters(), 480_000), Forgetful(SpikeParameters(), 480_000)
    for number in range(60):
        counts, seen = chance.poisson(2.0, 200), chance.random(200)
        for bank in (one, other):
            bank.open_next()
            if number % 9 == 4:
                bank.set_exposures(bank.open_hour - 3, seen[: bank.rows])
            for hour in range(max(bank.first_hour, bank.open_hour - 20), bank.open_hour + 1, 5):
                bank.may_reach(slice(0, bank.rows), hour, 1.0, 0.5, 1.0)  # Finds the sums of all rows there are by now.
            for like in (0, bank.rows // 2):
                bank.add_row(like)
            for row in range(1, bank.rows):
                bank.set_count(row, bank.open_hour, float(counts[row]))
        for hour in range(max(one.first_hour, one.open_hour - 24), one.open_hour + 1, 4):
            for row in range(0, one.rows, 7):
                assert one.scores(row, hour) == other.scores(row, hour), (number, row, hour)
                assert one.expected(row, hour, 1) == one.scores(row, hour)[1].expected
    assert all(
        (getattr(one, name)[..., : one.rows] == getattr(other, name)[..., : one.rows]).all() for name in one.ARRAYS
    )
