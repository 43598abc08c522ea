"""The table of significance tests, each pair with its difference over actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmer.evaluation import metrics
from mmer.evaluation.actor_bootstrap import Difference, paired_differences
from mmer.evaluation.predictions import System
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.significance import SignificanceResult, compare

MODALITIES = ("speech", "face", "fusion")
COLUMNS = [
    "comparison",
    "test",
    "systems",
    "statistic",
    "p_value",
    "corrected_p",
    "holm_p",
    "significant",
    "only_first_correct",
    "only_second_correct",
    "difference",
    "difference_low",
    "difference_high",
]


def significance_table(
    systems: Sequence[System], settings: EvaluationSettings, seed: int
) -> pd.DataFrame:
    """Tests over the best system of each modality, as in the paper, and over all systems.

    ``comparison`` is ``best_per_modality`` or ``all_systems``, each corrected for its own number
    of pairs: ``corrected_p``, by which ``significant`` is decided, as the settings say, and
    ``holm_p`` by Holm's method.  ``systems`` joins names by a semicolon.  ``difference`` is the
    first pooled accuracy minus the second in percentage points, with its 95 % interval by the
    bootstrap over actors; McNemar's test takes clips as independent, the interval does not.
    """
    run = [system for system in systems if system.folds]
    differences = paired_differences(run, settings.resamples, seed)
    compared = {"best_per_modality": best_per_modality(run), "all_systems": run}
    rows = [
        _row(comparison, result, settings.significance.level, differences)
        for comparison, group in compared.items()
        for result in compare(group, settings.significance)
    ]
    counts = dict.fromkeys(["only_first_correct", "only_second_correct"], "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(counts)


def best_per_modality(systems: Sequence[System]) -> list[System]:
    """The system with the highest mean accuracy of each modality; of equals, the first."""
    best = []
    for modality in MODALITIES:
        group = [system for system in systems if system.folds and system.modality == modality]
        if group:
            best.append(max(group, key=lambda system: round(metrics.mean_accuracy(system), 9)))
    return best


def _row(
    comparison: str,
    result: SignificanceResult,
    level: float,
    differences: Mapping[tuple[str, str], Difference],
) -> tuple[object, ...]:
    """One test; Cochran's Q has no difference.

    The best of each modality stand in another order than all systems, so a pair may be there the
    other way round.
    """
    difference = (np.nan, np.nan, np.nan)
    if result.test == "mcnemar":
        first, second = result.systems
        if (first, second) in differences:
            found = differences[first, second]
            difference = (found.value, found.low, found.high)
        else:
            found = differences[second, first]
            difference = (-found.value, -found.high, -found.low)
    return (
        comparison,
        result.test,
        ";".join(result.systems),
        result.statistic,
        result.p_value,
        result.corrected_p_value,
        result.holm_p_value,
        result.corrected_p_value < level,
        result.only_first,
        result.only_second,
        *difference,
    )
