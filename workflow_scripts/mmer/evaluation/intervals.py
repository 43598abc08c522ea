"""The paper's confidence interval of an accuracy."""

from __future__ import annotations

import math

NORMAL_QUANTILE_95 = 1.96
"""Two-sided 95 % quantile of the normal distribution, with the digits that the paper's tables fit.

With it the formula gives 23 of the 28 intervals of tables 1 to 3 to the digit, and two more that
were cut rather than rounded; ``tests/unit/test_intervals.py`` lists the others.
"""


def half_width(accuracy: float, clips: int) -> float:
    """Half the 95 % confidence interval of an accuracy, by the normal approximation.

    Source: inferred from tables 1 to 3 of the paper, which states no formula:
    ``1.96 * sqrt(p * (1 - p) / n)`` over all clips.

    Parameters
    ----------
    accuracy
        In percent.
    clips
        How many clips it was measured on.

    Returns
    -------
    float
        In percentage points; the interval is ``accuracy ± half_width``.
    """
    assert 0 <= accuracy <= 100 and clips > 0
    share = accuracy / 100
    return 100 * NORMAL_QUANTILE_95 * math.sqrt(share * (1 - share) / clips)
