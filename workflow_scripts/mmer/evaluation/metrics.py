"""Metrics over held-out folds.  Accuracies, recalls and F1 are in percent, as in the paper.

Source: paper section 3.1, the average accuracy of the folds at the level of clips.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import f1_score

from mmer.corpus.labels import CLASS_COUNT
from mmer.evaluation.predictions import FoldPredictions, System


def accuracy(fold: FoldPredictions) -> float:
    """Accuracy on one fold."""
    return 100 * float(fold.correct.mean())


def accuracies(system: System) -> dict[str, float]:
    """Accuracy on every fold, by split."""
    return {split: accuracy(fold) for split, fold in system.folds.items()}


def mean_accuracy(system: System) -> float:
    """Mean over the folds, each fold counting the same: the paper's number."""
    return float(np.mean(list(accuracies(system).values())))


def accuracy_deviation(system: System) -> float:
    """Sample standard deviation of the accuracy over the folds; NaN where there is one fold."""
    values = list(accuracies(system).values())
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def pooled_accuracy(system: System) -> float:
    """Accuracy over all clips, each clip counting the same."""
    correct = list(system.correct_by_clip.values())
    return 100 * float(np.mean(correct))


def confusion(fold: FoldPredictions) -> np.ndarray:
    """Counts ``(true class, predicted class)``, ``(8, 8)`` int64, of one fold."""
    counts = np.zeros((CLASS_COUNT, CLASS_COUNT), np.int64)
    np.add.at(counts, (fold.true, fold.predicted), 1)
    return counts


def pooled_confusion(system: System) -> np.ndarray:
    """Counts over all folds, ``(8, 8)`` int64."""
    return np.sum([confusion(fold) for fold in system.folds.values()], axis=0)


def mean_confusion(system: System) -> np.ndarray:
    """Counts averaged over the folds and rounded, ``(8, 8)`` int64, as in the paper's figure 5."""
    mean = pooled_confusion(system) / len(system.folds)
    return np.floor(mean + 0.5).astype(np.int64)


def unweighted_average_recall(system: System) -> float:
    """Mean recall of the classes that have clips, over all clips."""
    counts = pooled_confusion(system)
    clips = counts.sum(axis=1)
    present = clips > 0
    return 100 * float(np.mean(np.diag(counts)[present] / clips[present]))


def macro_f1(system: System) -> float:
    """Mean F1 of the classes that have clips, over all clips; 0 for one never predicted."""
    true = np.concatenate([fold.true for fold in system.folds.values()])
    predicted = np.concatenate([fold.predicted for fold in system.folds.values()])
    return 100 * float(
        f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    )
