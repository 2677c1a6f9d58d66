"""How much less sure a variance is that was learnt of few stories, and told again as that of many, than one learnt of many.

    σ² = v(s²)/(g²·s'²)² − v(s'²)/s'⁴ within [0, 1],  v(s²) = (2s⁴ + s²)/windows

s² and s'²: the variance of a window's count, as learnt and as told again; g: the part of the coming stories that were heard. v is
the variance of the mean of as many squared residuals: 2s⁴ as of a χ² with one degree of freedom, s² because counts are whole.
"""

from __future__ import annotations

import numpy as np

from alerts.detectors.spike_rows import Floats

#: A variance is at least this: nothing comes of keys that never had a story.
_LEAST = 1e-9


def less_sure(learnt: Floats, told: Floats, part: Floats, windows: Floats) -> Floats:
    """Return σ², as a multiple of ``told`` squared, by row: ``learnt`` s², ``told`` s'², ``part`` g, all above 0.

    ``windows``: how many lie side by side in what was learnt; fewer than one count as one.
    """
    learnt, told = np.maximum(learnt, _LEAST), np.maximum(told, _LEAST)
    of_few = (2.0 * learnt**2 + learnt) / (part * part * told) ** 2
    of_many = (2.0 * told**2 + told) / told**2
    less: Floats = np.clip((of_few - of_many) / np.maximum(windows, 1.0), 0.0, 1.0)
    return less
