"""Screening all rows at once never leaves out one that the comparison itself finds, however few or many have counted enough."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.detectors.spike_bank import SpikeBank, SpikeParameters

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
