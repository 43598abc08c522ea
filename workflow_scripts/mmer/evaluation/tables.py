"""Tables of an evaluation of classes: accuracies in percent, confusions and predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmer.evaluation import metrics
from mmer.evaluation.predictions import FoldPredictions, System, those_run


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
        rows += [
            (system.name, names[pair[0]], names[pair[1]], mean[pair], pooled[pair])
            for pair in np.ndindex(*pooled.shape)
        ]
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
