"""The table of significance tests, each pair with its difference over speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pandas as pd

from mmer.evaluation import metrics
from mmer.evaluation.predictions import FoldPredictions, System, those_run
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.significance import SignificanceResult, compare
from mmer.evaluation.speaker_bootstrap import Difference, paired_differences
from mmer.models.base import Modality

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
    compared = {"best_per_modality": best_per_modality(run), "all_systems": run}
    rows = [
        _row(comparison, result, settings.significance.level, differences)
        for comparison, group in compared.items()
        for result in compare(group, settings.significance)
    ]
    counts = dict.fromkeys(["only_first_correct", "only_second_correct"], "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(counts)


def best_per_modality(
    systems: Sequence[System[FoldPredictions]],
) -> list[System[FoldPredictions]]:
    """The system with the highest mean accuracy of each modality; of equals, the first."""
    best = []
    for modality in get_args(Modality):
        group = [system for system in those_run(systems) if system.modality == modality]
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
