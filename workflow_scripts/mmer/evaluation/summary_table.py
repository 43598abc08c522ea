"""The summary: one row per system, its numbers beside the paper's.

Accuracies, recalls, F1, intervals, differences and calibration errors are in percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmer.evaluation import metrics
from mmer.evaluation.calibration import calibrate
from mmer.evaluation.intervals import half_width, wilson_interval
from mmer.evaluation.paper import PaperResult, compare_with_paper, not_run
from mmer.evaluation.predictions import FoldPredictions, System, correct_by_item
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.speaker_bootstrap import accuracy_interval

CONSTANT = "constant from the literature"
"""How the verdict on a system begins whose accuracy was not measured here."""
MEASURED = (
    "mean_accuracy",
    "std",
    "ci95",
    "pooled_accuracy",
    "wilson_low",
    "wilson_high",
    "speaker_low",
    "speaker_high",
    "uar",
    "macro_f1",
    "ece",
    "brier",
    "nll",
)


def summary_table(
    systems: Sequence[System[FoldPredictions]],
    paper: Mapping[str, PaperResult],
    settings: EvaluationSettings,
    seed: int,
) -> pd.DataFrame:
    """One row per system, beside the paper's number where there is one.

    ``std`` is the deviation over the folds, ``ci95`` the paper's formula at the mean accuracy over
    all items of all folds.  Around ``pooled_accuracy`` stand Wilson's interval, ``wilson_low`` to
    ``wilson_high``, and that of the bootstrap over speakers, ``speaker_low`` to ``speaker_high``.
    ``uar`` is the unweighted average recall; ``ece``, ``brier`` and ``nll`` are empty where a
    system gives no probabilities.  A constant has its accuracy and no interval, and its verdict
    says where it comes from.

    Parameters
    ----------
    systems
        Whether run or not.
    paper
        The paper's numbers by name of the system.
    settings
        Resamples and bins are used.
    seed
        Of the bootstrap.
    """
    rows = [_row(system, paper.get(system.name), settings, seed) for system in systems]
    return pd.DataFrame(rows)


def _row(
    system: System[FoldPredictions],
    paper: PaperResult | None,
    settings: EvaluationSettings,
    seed: int,
) -> dict[str, object]:
    row: dict[str, object] = {
        "system": system.name,
        "title": system.title,
        "modality": system.modality,
        "variant": system.variant,
        "items": sum(len(fold.items) for fold in system.folds.values()),
    }
    row |= dict.fromkeys(MEASURED, np.nan)
    row["paper_accuracy"] = paper.accuracy if paper else np.nan
    row["paper_ci95"] = paper.ci95 if paper else np.nan
    row |= {"difference": np.nan, "verdict": "", "note": system.note}
    if system.not_run is not None:
        return row | {"verdict": not_run(system.not_run)}
    if system.constant is not None:
        # The paper's formula for items of ours says nothing of a number measured on listeners.
        return row | {
            "mean_accuracy": system.constant.accuracy,
            "paper_ci95": np.nan,
            "verdict": f"{CONSTANT}: {system.constant.source}",
        }
    row |= _measured(system, settings, seed)
    if paper is not None:
        comparison = compare_with_paper(metrics.mean_accuracy(system), paper)
        row |= {"difference": comparison.difference, "verdict": comparison.verdict}
    return row


def _measured(
    system: System[FoldPredictions], settings: EvaluationSettings, seed: int
) -> dict[str, float]:
    """Every number of a system that was run, by column."""
    accuracy = metrics.mean_accuracy(system)
    correct = list(correct_by_item(system).values())
    wilson = wilson_interval(sum(correct), len(correct))
    speakers = accuracy_interval(system, settings.resamples, seed)
    calibration = calibrate(system, settings.calibration_bins)
    return {
        "mean_accuracy": accuracy,
        "std": metrics.accuracy_deviation(system),
        "ci95": half_width(accuracy, len(correct)),
        "pooled_accuracy": metrics.pooled_accuracy(system),
        "wilson_low": wilson[0],
        "wilson_high": wilson[1],
        "speaker_low": speakers[0],
        "speaker_high": speakers[1],
        "uar": metrics.unweighted_average_recall(system),
        "macro_f1": metrics.macro_f1(system),
        "ece": calibration.expected_error if calibration else np.nan,
        "brier": calibration.brier if calibration else np.nan,
        "nll": calibration.negative_log_likelihood if calibration else np.nan,
    }
