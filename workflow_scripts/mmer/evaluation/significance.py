"""Whether systems differ in how many items they recognise: Cochran's Q, then McNemar's test.

Source: paper section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import get_args

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar
from statsmodels.stats.multitest import multipletests

from mmer.evaluation.metrics import mean_accuracy
from mmer.evaluation.predictions import FoldPredictions, System, correctness, those_run
from mmer.evaluation.settings import EvaluationSettings, SignificanceSettings
from mmer.evaluation.speaker_bootstrap import Difference, paired_differences
from mmer.models.base import Modality

COLUMNS = ["comparison", "test", "systems", "statistic", "p_value", "corrected_p", "holm_p"]
COLUMNS += ["significant", "only_first_correct", "only_second_correct"]
COLUMNS += ["difference", "difference_low", "difference_high"]


@dataclass(frozen=True)
class SignificanceResult:
    """Outcome of one test.

    Attributes
    ----------
    test
        ``cochran_q`` or ``mcnemar``.
    statistic
        Q; the smaller number of differing items (exact McNemar); or chi-squared.
    p_value, corrected_p, holm_p
        As computed; corrected for the number of pairs as the settings say; corrected by Holm's
        method, which holds the same error rate as Bonferroni's and rejects no less.  For Cochran's
        Q all are the same.
    only_first_correct, only_second_correct
        McNemar: items that only the first or only the second system recognises.
    """

    test: str
    systems: tuple[str, ...]
    statistic: float
    p_value: float
    corrected_p: float
    holm_p: float
    only_first_correct: int | None = None
    only_second_correct: int | None = None


def significance_table(
    systems: Sequence[System[FoldPredictions]], settings: EvaluationSettings, seed: int
) -> pd.DataFrame:
    """Tests over the best system of each modality, as in the paper, and over all systems.

    ``comparison`` is ``best_per_modality`` or ``all_systems``, each corrected for its own number
    of pairs: ``corrected_p``, by which ``significant`` is decided, as the settings say, and
    ``holm_p`` by Holm's method.  ``systems`` joins names by a semicolon.  ``difference`` is the
    first pooled accuracy minus the second in percentage points, with its 95 % interval by the
    bootstrap over speakers; McNemar's test takes items as independent, the interval does not.
    """
    run = those_run(systems)
    differences = paired_differences(run, settings.resamples, seed)
    # The best of each modality may stand in another order than all systems.
    differences |= {
        (second, first): Difference(-value, -high, -low)
        for (first, second), (value, low, high) in differences.items()
    }
    rows = []
    compared = {"best_per_modality": best_per_modality(run), "all_systems": run}
    for comparison, group in compared.items():
        for result in compare(group, settings.significance):
            difference = Difference(np.nan, np.nan, np.nan)
            if result.test == "mcnemar":
                difference = differences[result.systems]
            rows.append(
                vars(result)
                | {
                    "comparison": comparison,
                    "systems": ";".join(result.systems),
                    "significant": result.corrected_p < settings.significance.level,
                    "difference": difference.value,
                    "difference_low": difference.low,
                    "difference_high": difference.high,
                }
            )
    counts = dict.fromkeys(["only_first_correct", "only_second_correct"], "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(counts)


def best_per_modality(systems: Sequence[System[FoldPredictions]]) -> list[System[FoldPredictions]]:
    """The system with the highest mean accuracy of each modality; of equals, the first."""
    best = []
    for modality in get_args(Modality):
        group = [system for system in systems if system.modality == modality]
        if group:
            best.append(max(group, key=lambda system: round(mean_accuracy(system), 9)))
    return best


def compare(
    systems: Sequence[System[FoldPredictions]], settings: SignificanceSettings
) -> list[SignificanceResult]:
    """Cochran's Q over all systems, then McNemar's test of every pair.

    The pairs are tested whatever Q says; the reader of the table sees both.  Fewer than two
    systems give no result.
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
            replace(pair, corrected_p=float(by_setting), holm_p=float(by_holm))
            for pair, by_setting, by_holm in zip(pairs, corrected, holm, strict=True)
        ),
    ]


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
