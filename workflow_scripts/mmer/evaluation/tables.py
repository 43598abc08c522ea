"""The tables of the evaluation but for the summary and the significance tests.

Accuracies, confidences and intervals are in percent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmer.corpus.labels import EMOTIONS
from mmer.evaluation import metrics
from mmer.evaluation.calibration import calibrate
from mmer.evaluation.groups import group_accuracies
from mmer.evaluation.predictions import System
from mmer.evaluation.settings import EvaluationSettings


def accuracies_table(systems: Sequence[System]) -> pd.DataFrame:
    """One row per system and split; systems that were not run have none."""
    rows = [
        (system.name, system.modality, system.variant, split, len(fold.clips), accuracy)
        for system in systems
        for split, accuracy in metrics.accuracies(system).items()
        for fold in [system.folds[split]]
    ]
    return pd.DataFrame(
        rows, columns=["system", "modality", "variant", "split", "clips", "accuracy"]
    )


def confusion_table(systems: Sequence[System]) -> pd.DataFrame:
    """64 rows per system that was run: emotions, the rounded mean over folds, the pooled count."""
    rows = []
    for system in _run(systems):
        mean, pooled = metrics.mean_confusion(system), metrics.pooled_confusion(system)
        for true, predicted in np.ndindex(*pooled.shape):
            rows.append(
                (
                    system.name,
                    EMOTIONS[true],
                    EMOTIONS[predicted],
                    mean[true, predicted],
                    pooled[true, predicted],
                )
            )
    return pd.DataFrame(rows, columns=["system", "true", "predicted", "mean", "pooled"])


def predictions_table(systems: Sequence[System]) -> pd.DataFrame:
    """One row per system and held-out clip, emotions as words."""
    rows = [
        (system.name, clip, split, EMOTIONS[true], EMOTIONS[predicted])
        for system in systems
        for split, fold in system.folds.items()
        for clip, true, predicted in zip(fold.clips, fold.true, fold.predicted, strict=True)
    ]
    return pd.DataFrame(rows, columns=["system", "clip", "split", "true", "predicted"])


def groups_table(systems: Sequence[System]) -> pd.DataFrame:
    """Accuracy of each system that was run on the clips of each emotion, actor, and so on."""
    rows = [
        (system.name, each.group, each.value, each.clips, each.accuracy, *each.interval)
        for system in _run(systems)
        for each in group_accuracies(system)
    ]
    return pd.DataFrame(
        rows,
        columns=["system", "group", "value", "clips", "accuracy", "wilson_low", "wilson_high"],
    )


def calibration_table(systems: Sequence[System], settings: EvaluationSettings) -> pd.DataFrame:
    """The reliability of each system that gives probabilities, a row per bin of confidence.

    ``bin`` counts from 0 for the least confident; an empty bin has no confidence and no accuracy.
    """
    rows = []
    for system in _run(systems):
        calibration = calibrate(system, settings.calibration_bins)
        for number, each in enumerate(calibration.bins if calibration else ()):
            rows.append((system.name, number, each.confidence, each.accuracy, each.clips))
    return pd.DataFrame(rows, columns=["system", "bin", "confidence", "accuracy", "clips"])


def _run(systems: Sequence[System]) -> list[System]:
    return [system for system in systems if system.folds]
