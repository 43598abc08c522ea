"""Whether systems differ in how many items they recognise: Cochran's Q, then McNemar's test.

Source: paper section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar
from statsmodels.stats.multitest import multipletests

from mmer.evaluation.predictions import (
    FoldPredictions,
    System,
    check_same_items,
    correct_by_item,
)
from mmer.evaluation.settings import SignificanceSettings


@dataclass(frozen=True)
class SignificanceResult:
    """Outcome of one test.

    Attributes
    ----------
    test
        ``cochran_q`` or ``mcnemar``.
    systems
        Names of the systems compared.
    statistic
        Q; the smaller number of differing items (exact McNemar); or chi-squared.
    p_value, corrected_p_value, holm_p_value
        As computed; corrected for the number of pairs as the settings say; corrected by Holm's
        method, which holds the same error rate as Bonferroni's and rejects no less.  For Cochran's
        Q all are the same.
    only_first, only_second
        McNemar: items that only the first or only the second system recognises.
    """

    test: str
    systems: tuple[str, ...]
    statistic: float
    p_value: float
    corrected_p_value: float
    holm_p_value: float
    only_first: int | None = None
    only_second: int | None = None


def compare(
    systems: Sequence[System[FoldPredictions]], settings: SignificanceSettings
) -> list[SignificanceResult]:
    """Cochran's Q over all systems, then McNemar's test of every pair.

    The pairs are tested whatever Q says; the reader of the table sees both.  Fewer than two
    systems give no result.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same items.
    """
    if len(systems) < 2:
        return []
    correct = correctness(systems)
    names = tuple(system.name for system in systems)
    pairs = [
        _mcnemar((names[first], names[second]), correct[:, [first, second]], settings)
        for first, second in combinations(range(len(systems)), 2)
    ]
    p_values = [pair.p_value for pair in pairs]
    holm = multipletests(p_values, method="holm")[1]
    corrected = p_values
    if settings.correction != "none":
        corrected = multipletests(p_values, method=settings.correction)[1]
    return [
        _cochran_q(names, correct),
        *(
            replace(pair, corrected_p_value=float(by_setting), holm_p_value=float(by_holm))
            for pair, by_setting, by_holm in zip(pairs, corrected, holm, strict=True)
        ),
    ]


def correctness(systems: Sequence[System[FoldPredictions]]) -> np.ndarray:
    """Whether each item was recognised by each system, ``(items, systems)`` int64, 0 or 1.

    Items are sorted.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same items.
    """
    check_same_items(systems)
    by_item = [correct_by_item(system) for system in systems]
    return np.array(
        [[answers[name] for answers in by_item] for name in sorted(by_item[0])], dtype=np.int64
    )


def _cochran_q(names: tuple[str, ...], correct: np.ndarray) -> SignificanceResult:
    statistic, p_value = 0.0, 1.0
    # Where no item tells the systems apart, the formula divides zero by zero.
    if not (correct == correct[:, :1]).all():
        outcome = cochrans_q(correct)
        statistic, p_value = float(outcome.statistic), float(outcome.pvalue)
    return SignificanceResult("cochran_q", names, statistic, p_value, p_value, p_value)


def _mcnemar(
    names: tuple[str, str], correct: np.ndarray, settings: SignificanceSettings
) -> SignificanceResult:
    """McNemar's test of ``correct``, ``(items, 2)``, not corrected."""
    first, second = correct.T.astype(bool)
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    statistic, p_value = 0.0, 1.0
    if only_first + only_second:
        outcome = mcnemar(
            [[0, only_first], [only_second, 0]],
            exact=settings.mcnemar == "exact",
            correction=settings.continuity_correction,
        )
        statistic, p_value = float(outcome.statistic), min(1.0, float(outcome.pvalue))
    return SignificanceResult(
        "mcnemar", names, statistic, p_value, p_value, p_value, only_first, only_second
    )
