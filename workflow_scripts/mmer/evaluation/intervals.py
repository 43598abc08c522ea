"""Confidence intervals of an accuracy that take items as independent: the paper's, and Wilson's.

Items of one speaker are not independent; :mod:`mmer.evaluation.speaker_bootstrap` respects that.
"""

from __future__ import annotations

import math

from statsmodels.stats.proportion import proportion_confint

NORMAL_QUANTILE_95 = 1.96
"""Two-sided 95 % quantile of the normal distribution, with the digits that the paper's tables fit.

With it the formula gives 23 of the 28 intervals of tables 1 to 3 to the digit, and two more that
were cut rather than rounded; ``tests/unit/test_intervals.py`` lists the others.
"""


def half_width(accuracy: float, items: int) -> float:
    """Half the 95 % confidence interval of an accuracy, by the normal approximation.

    Source: inferred from tables 1 to 3 of the paper, which states no formula:
    ``1.96 * sqrt(p * (1 - p) / n)`` over all items.

    ``accuracy`` is in percent, the result in percentage points.
    """
    assert 0 <= accuracy <= 100 and items > 0
    share = accuracy / 100
    return 100 * NORMAL_QUANTILE_95 * math.sqrt(share * (1 - share) / items)


def wilson_interval(correct: int, items: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy by Wilson (1927), lower and upper end in percent.

    Unlike the normal approximation it stays within 0 and 100 and holds for few items.
    """
    assert 0 <= correct <= items and items > 0
    low, high = proportion_confint(correct, items, alpha=0.05, method="wilson")
    return 100 * float(low), 100 * float(high)
