"""Metrics of classes over tested folds, in percent as in the paper.

Source: paper section 3.1, the average accuracy of the folds at the level of clips, its items.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import f1_score

from mmer.evaluation.predictions import FoldPredictions, System, correct_by_item


def accuracy(fold: FoldPredictions) -> float:
    """Accuracy on one fold."""
    return 100 * float(fold.correct.mean())


def accuracies(system: System[FoldPredictions]) -> dict[str, float]:
    """Accuracy on every fold, by split."""
    return {split: accuracy(fold) for split, fold in system.folds.items()}


def mean_accuracy(system: System[FoldPredictions]) -> float:
    """Mean over the folds, each fold counting the same: the paper's number."""
    return float(np.mean(list(accuracies(system).values())))


def accuracy_deviation(system: System[FoldPredictions]) -> float:
    """Sample standard deviation of the accuracy over the folds; NaN where there is one fold."""
    values = list(accuracies(system).values())
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def pooled_accuracy(system: System[FoldPredictions]) -> float:
    """Accuracy over all items, each item counting the same."""
    correct = list(correct_by_item(system).values())
    return 100 * float(np.mean(correct))


def confusion(fold: FoldPredictions) -> np.ndarray:
    """Counts ``(true class, predicted class)``, ``(classes, classes)`` int64, of one fold."""
    counts = np.zeros((fold.task.outputs, fold.task.outputs), np.int64)
    np.add.at(counts, (fold.true, fold.predicted), 1)
    return counts


def pooled_confusion(system: System[FoldPredictions]) -> np.ndarray:
    """Counts over all folds, ``(classes, classes)`` int64."""
    return np.sum([confusion(fold) for fold in system.folds.values()], axis=0)


def mean_confusion(system: System[FoldPredictions]) -> np.ndarray:
    """Counts averaged over the folds and rounded, int64, as in the paper's figure 5."""
    mean = pooled_confusion(system) / len(system.folds)
    return np.floor(mean + 0.5).astype(np.int64)


def unweighted_average_recall(system: System[FoldPredictions]) -> float:
    """Mean recall of the classes that have items, over all items."""
    counts = pooled_confusion(system)
    items = counts.sum(axis=1)
    present = items > 0
    return 100 * float(np.mean(np.diag(counts)[present] / items[present]))


def macro_f1(system: System[FoldPredictions]) -> float:
    """Mean F1 of the classes that have items, over all items; 0 for one never predicted."""
    true = np.concatenate([fold.true for fold in system.folds.values()])
    predicted = np.concatenate([fold.predicted for fold in system.folds.values()])
    return 100 * float(
        f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    )
