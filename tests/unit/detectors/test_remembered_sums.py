"""A bank of very many rows remembers the sums of the open hour alone, which changes no number and bounds what they weigh."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.detectors import spike_windows
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters

_ROWS, _HOURS = 6, 100


def stepped(*, outage: bool) -> tuple[list[object], SpikeBank]:
    """Return all that was asked of a bank while it was stepped, and the bank."""
    bank, chance, asked = SpikeBank(SpikeParameters(), 480_000), np.random.default_rng(3), list[object]()
    for number in range(_HOURS):
        if number % 12 == 0 and bank.rows < _ROWS:
            bank.add_row()
        bank.open_next()
        for row in range(1, bank.rows):
            bank.set_count(row, bank.open_hour, float(chance.poisson(0.4)))
        if outage and number % 30 < 6:
            bank.set_exposures(bank.open_hour, chance.random(bank.rows))
        windows = range(len(bank.parameters.windows_h))
        for hour in range(max(bank.first_hour, bank.open_hour - 20), bank.open_hour + 1, 5):
            asked.append([bank.expected(row, hour, w) for row in range(bank.rows) for w in windows])
            asked.append([bank.scores(row, hour) for row in range(bank.rows)])
    return asked, bank


@pytest.mark.parametrize("outage", [False, True])
def test_what_is_not_remembered_is_found_again_to_the_last_bit(outage: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered, few = stepped(outage=outage)
    monkeypatch.setattr(spike_windows, "MANY_ROWS", 0)
    found_again, many = stepped(outage=outage)
    assert found_again == remembered
    numbers = np.arange(few.rows)
    for one, other in zip(few.state(numbers)[1].values(), many.state(numbers)[1].values(), strict=True):
        assert np.array_equal(one, other)


def test_many_rows_remember_no_more_than_the_open_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    _, few = stepped(outage=True)
    monkeypatch.setattr(spike_windows, "MANY_ROWS", 0)
    _, many = stepped(outage=True)
    one_sum = many.rows * 8
    assert 0 < many.remembered_bytes() <= 3 * one_sum * len(many.parameters.windows_h)
    assert few.remembered_bytes() > 3 * many.remembered_bytes()
