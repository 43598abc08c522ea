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
from mmer.evaluation.paper import PaperResult, compare_unlike, compare_with_paper, not_run
from mmer.evaluation.predictions import FoldPredictions, System
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.speaker_bootstrap import accuracy_interval

MEASURED = (
    *("mean_accuracy", "std", "ci95", "pooled_accuracy", "wilson_low", "wilson_high"),
    *("speaker_low", "speaker_high", "uar", "macro_f1", "ece", "brier", "nll"),
)


def summary_table(
    systems: Sequence[System[FoldPredictions]],
    paper: Mapping[str, PaperResult],
    settings: EvaluationSettings,
    seed: int,
) -> pd.DataFrame:
    """One row per system, whether run or not, beside the paper's number where there is one.

    ``std`` is the deviation over the folds, ``ci95`` the paper's formula at the mean accuracy over
    all items of all folds.  Around ``pooled_accuracy`` stand Wilson's interval, ``wilson_low`` to
    ``wilson_high``, and that of the bootstrap over speakers, ``speaker_low`` to ``speaker_high``.
    ``uar`` is the unweighted average recall; ``ece``, ``brier`` and ``nll`` are empty where a
    system gives no probabilities.  A constant has its accuracy and no interval, and its verdict
    says where it comes from.
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
        "fed": system.fed,
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
            "mean_accuracy": system.constant,
            "paper_ci95": np.nan,
            "verdict": f"constant from the literature: {system.source}",
        }
    row |= _measured(system, settings, seed)
    if paper is not None:
        accuracy = metrics.mean_accuracy(system)
        if system.unlike_paper is None:
            row |= compare_with_paper(accuracy, paper)._asdict()
        else:
            row |= compare_unlike(accuracy, paper, system.unlike_paper)._asdict()
    return row


def _measured(
    system: System[FoldPredictions], settings: EvaluationSettings, seed: int
) -> dict[str, float]:
    """Every number of a system that was run, by column."""
    accuracy = metrics.mean_accuracy(system)
    correct = np.concatenate([fold.correct for fold in system.folds.values()])
    measured = [
        accuracy,
        metrics.accuracy_deviation(system),
        half_width(accuracy, len(correct)),
        metrics.pooled_accuracy(system),
        *wilson_interval(int(correct.sum()), len(correct)),
        *accuracy_interval(system, settings.resamples, seed),
        metrics.unweighted_average_recall(system),
        metrics.macro_f1(system),
    ]
    calibration = calibrate(system, settings.calibration_bins)
    measured += calibration[1:] if calibration else [np.nan] * 3
    return dict(zip(MEASURED, measured, strict=True))
