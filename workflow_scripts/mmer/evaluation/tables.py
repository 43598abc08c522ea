"""The tables of an evaluation of classes but for the summary and the significance tests.

Accuracies, confidences and intervals are in percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmer.evaluation import metrics
from mmer.evaluation.calibration import calibrate
from mmer.evaluation.groups import group_accuracies
from mmer.evaluation.predictions import FoldPredictions, System, those_run
from mmer.evaluation.settings import EvaluationSettings


def accuracies_table(systems: Sequence[System[FoldPredictions]]) -> pd.DataFrame:
    """One row per system and split; systems that were not run have none."""
    rows = [
        (system.name, system.modality, system.variant, split, len(fold.items), accuracy)
        for system in systems
        for split, accuracy in metrics.accuracies(system).items()
        for fold in [system.folds[split]]
    ]
    return pd.DataFrame(
        rows, columns=["system", "modality", "variant", "split", "items", "accuracy"]
    )


def confusion_table(systems: Sequence[System[FoldPredictions]]) -> pd.DataFrame:
    """A row per system that was run and pair of classes: mean over folds, rounded; pooled count."""
    rows = []
    for system in those_run(systems):
        names = next(iter(system.folds.values())).task.names
        mean, pooled = metrics.mean_confusion(system), metrics.pooled_confusion(system)
        for true, predicted in np.ndindex(*pooled.shape):
            rows.append(
                (
                    system.name,
                    names[true],
                    names[predicted],
                    mean[true, predicted],
                    pooled[true, predicted],
                )
            )
    return pd.DataFrame(rows, columns=["system", "true", "predicted", "mean", "pooled"])


def predictions_table(systems: Sequence[System[FoldPredictions]]) -> pd.DataFrame:
    """One row per system and tested item, classes as words."""
    rows = [
        (system.name, item, split, fold.task.names[true], fold.task.names[predicted])
        for system in systems
        for split, fold in system.folds.items()
        for item, true, predicted in zip(fold.items.names, fold.true, fold.predicted, strict=True)
    ]
    return pd.DataFrame(rows, columns=["system", "item", "split", "true", "predicted"])


def groups_table(
    systems: Sequence[System[FoldPredictions]], groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Accuracy of each system that was run on the items of each class, speaker, and so on.

    ``groups`` are further columns of the item table with their values in order.
    """
    rows = [
        (system.name, each.group, each.value, each.items, each.accuracy, *each.interval)
        for system in those_run(systems)
        for each in group_accuracies(system, groups)
    ]
    return pd.DataFrame(
        rows,
        columns=["system", "group", "value", "items", "accuracy", "wilson_low", "wilson_high"],
    )


def calibration_table(
    systems: Sequence[System[FoldPredictions]], settings: EvaluationSettings
) -> pd.DataFrame:
    """The reliability of each system that gives probabilities, a row per bin of confidence.

    ``bin`` counts from 0 for the least confident; an empty bin has no confidence and no accuracy.
    """
    rows = []
    for system in those_run(systems):
        calibration = calibrate(system, settings.calibration_bins)
        for number, each in enumerate(calibration.bins if calibration else ()):
            rows.append((system.name, number, each.confidence, each.accuracy, each.items))
    return pd.DataFrame(rows, columns=["system", "bin", "confidence", "accuracy", "items"])


def _run(systems: Sequence[System[FoldPredictions]]) -> list[System]:
    return [system for system in systems if system.folds]
