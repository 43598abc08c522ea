"""Metrics of classes over tested folds, in percent as in the paper.

Source: paper section 3.1, the average accuracy of the folds at the level of clips, its items.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from mmer.evaluation.predictions import FoldPredictions, System


def true_and_predicted(system: System[FoldPredictions]) -> tuple[np.ndarray, np.ndarray]:
    """Both classes of every item of all folds, ``(items,)`` int64 each."""
    folds = system.folds.values()
    true = np.concatenate([fold.true for fold in folds])
    return true, np.concatenate([fold.predicted for fold in folds])


def accuracies(system: System[FoldPredictions]) -> dict[str, float]:
    """Accuracy on every fold, by split."""
    return {split: 100 * float(fold.correct.mean()) for split, fold in system.folds.items()}


def mean_accuracy(system: System[FoldPredictions]) -> float:
    """Mean over the folds, each fold counting the same: the paper's number."""
    return float(np.mean(list(accuracies(system).values())))


def accuracy_deviation(system: System[FoldPredictions]) -> float:
    """Sample standard deviation of the accuracy over the folds; NaN where there is one fold."""
    values = list(accuracies(system).values())
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def pooled_accuracy(system: System[FoldPredictions]) -> float:
    """Accuracy over all items, each item counting the same."""
    true, predicted = true_and_predicted(system)
    return 100 * float(np.mean(true == predicted))


def pooled_confusion(system: System[FoldPredictions]) -> np.ndarray:
    """Counts ``(true class, predicted class)`` over all folds, ``(classes, classes)`` int64."""
    classes = range(next(iter(system.folds.values())).task.outputs)
    return confusion_matrix(*true_and_predicted(system), labels=classes)


def mean_confusion(system: System[FoldPredictions]) -> np.ndarray:
    """Counts averaged over the folds and rounded, int64, as in the paper's figure 5."""
    mean = pooled_confusion(system) / len(system.folds)
    return np.floor(mean + 0.5).astype(np.int64)


def unweighted_average_recall(system: System[FoldPredictions]) -> float:
    """Mean recall of the classes that have items, over all items."""
    true, predicted = true_and_predicted(system)
    return 100 * float(recall_score(true, predicted, labels=np.unique(true), average="macro"))


def macro_f1(system: System[FoldPredictions]) -> float:
    """Mean F1 of the classes that have items, over all items; 0 for one never predicted."""
    true, predicted = true_and_predicted(system)
    return 100 * float(
        f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    )
