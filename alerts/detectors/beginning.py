"""What a baseline's beginning leaves in its dispersion: hours compared with a level that was only the prior.

Of a key with a constant rate λ (events an hour) all is known but chance, so the mean of what its windows taught can be told
without its history, hour by hour as :class:`~alerts.detectors.spike_bank.SpikeBank` learns it:

    E z = min((λL − μ)²/μ + λL/μ, cap²·φ),   D(λ) = Σ decay^age·(E z − 1)

L: hours of the window; μ: what was expected of it, of a level that began as the prior and learns λ. D is 0 where the prior was
right, grows faster than λ, and halves in ``dispersion_half_life_h``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from alerts.detectors.spike_parameters import SpikeParameters
from alerts.detectors.spike_rows import Floats

#: Rates at which D is found, and between which it is drawn straight: four to a doubling, 1/16384 to 1024 an hour.
_RATES = np.array([2.0 ** (step / 4.0) for step in range(-56, 41)])

#: Hours after which the level is taken to have been learnt; D only fades from then on.
_LEARNT_BY_H = 28 * 24


def left_of_beginning(parameters: SpikeParameters, hours: int, rates: Floats) -> Floats:
    """Return D by window and rate, of a baseline that has opened ``hours``; finite rates, events an hour."""
    young = min(hours, _LEARNT_BY_H)
    fade = 0.5 ** ((hours - young) / parameters.dispersion_half_life_h)
    left: Floats = np.array([fade * np.interp(rates, _RATES, of_window) for of_window in _simulated(parameters, young)])
    return left


@lru_cache(maxsize=16)
def _simulated(parameters: SpikeParameters, hours: int) -> Floats:
    """Return D by window and by each of :data:`_RATES`."""
    p = parameters
    level_fade, fade = 0.5 ** (1.0 / p.half_life_h), 0.5 ** (1.0 / p.dispersion_half_life_h)
    prior = p.dispersion_prior * p.dispersion_weight
    learnt, exposure = np.full(len(_RATES), p.prior_count), p.prior_exposure_h
    levels: list[Floats] = []
    scatter = np.zeros((len(p.windows_h), len(_RATES)))
    number = [0.0] * len(p.windows_h)
    for hour in range(hours):
        end = hour - 1 - p.guard_h
        for w, length in enumerate(p.windows_h):
            if end < max(length, p.dispersion_after_h):
                continue
            mean = levels[end] * length
            phi = np.maximum(1.0, (scatter[w] + number[w] + prior) / (number[w] + p.dispersion_weight))
            z = np.minimum(((_RATES * length - mean) ** 2 + _RATES * length) / mean, p.cap_sd**2 * phi)
            scatter[w] = fade * scatter[w] + z - 1.0
            number[w] = fade * number[w] + 1.0
        if hour >= p.guard_h:
            learnt = level_fade * (learnt - p.prior_count) + p.prior_count + _RATES
            exposure = level_fade * (exposure - p.prior_exposure_h) + p.prior_exposure_h + 1.0
        levels.append(learnt / exposure)
    return scatter
