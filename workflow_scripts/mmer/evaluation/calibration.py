"""Calibration: whether a recogniser is right as often as it says.

Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017), section 2, for the
confidence, the bins and the expected calibration error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss

from mmer.evaluation.metrics import true_and_predicted
from mmer.evaluation.predictions import FoldPredictions, System, those_run


class Bin(NamedTuple):
    """Items of like confidence: means in percent, NaN without items."""

    confidence: float
    accuracy: float
    items: int


class Calibration(NamedTuple):
    """How well probabilities fit what happens.

    Attributes
    ----------
    bins
        From the least to the most confident: bin ``i`` of ``n`` holds confidences above ``i / n``
        up to ``(i + 1) / n``.
    expected_error
        Mean distance between confidence and accuracy of the bins, weighted by their items, in
        percentage points.
    brier
        Mean squared distance between probabilities and truth, summed over classes, 0 to 2.
    negative_log_likelihood
        Mean of minus the logarithm of the true class's probability, in nats.  A probability of
        zero counts as the smallest step above it (2.2e-16), as in scikit-learn.
    """

    bins: tuple[Bin, ...]
    expected_error: float
    brier: float
    negative_log_likelihood: float


def calibrate(system: System[FoldPredictions], bins: int) -> Calibration | None:
    """Calibration over all tested items; None where the system gives no probabilities.

    Confidence is the probability of the predicted class; ``bins`` have equal width.
    """
    parts = [fold.probabilities for fold in system.folds.values()]
    if any(part is None for part in parts):
        return None
    probabilities = np.concatenate(parts)
    # Tables hold rounded values; the scores below want rows that sum to one.
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    true, predicted = true_and_predicted(system)
    reliability = _reliability(
        probabilities[np.arange(len(true)), predicted], predicted == true, bins
    )
    filled = [each for each in reliability if each.items]
    distances = [abs(each.confidence - each.accuracy) for each in filled]
    classes = np.arange(probabilities.shape[1])
    return Calibration(
        bins=reliability,
        expected_error=float(np.average(distances, weights=[each.items for each in filled])),
        brier=float(brier_score_loss(true, probabilities, labels=classes, scale_by_half=False)),
        negative_log_likelihood=float(log_loss(true, probabilities, labels=classes)),
    )


def _reliability(confidence: np.ndarray, correct: np.ndarray, bins: int) -> tuple[Bin, ...]:
    """Mean confidence and accuracy of each bin of ``confidence`` and ``correct``, ``(items,)``."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    items = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = 100 * np.bincount(place, confidence, bins) / items
        accuracies = 100 * np.bincount(place, correct, bins) / items
    return tuple(map(Bin, means.tolist(), accuracies.tolist(), items.tolist()))


def calibration_table(systems: Sequence[System[FoldPredictions]], bins: int) -> pd.DataFrame:
    """The reliability of each system that gives probabilities, a row per bin of confidence.

    ``bin`` counts from 0 for the least confident; an empty bin has no confidence and no accuracy.
    """
    rows = [
        (system.name, number, *each)
        for system in those_run(systems)
        if (found := calibrate(system, bins))
        for number, each in enumerate(found.bins)
    ]
    return pd.DataFrame(rows, columns=["system", "bin", "confidence", "accuracy", "items"])
