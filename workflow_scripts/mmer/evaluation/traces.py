"""How well traces are followed: concordance, error and correlation of each dimension.

Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility (Biometrics, 1989),
with population moments.  Steps of one speaker are anything but independent, so every interval is
that of the bootstrap over whole speakers (:mod:`mmer.evaluation.speaker_bootstrap`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmer.evaluation.predictions import System
from mmer.evaluation.speaker_bootstrap import draw_speakers
from mmer.items import Items
from mmer.predictions import TracePredictions, tested
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError

SMALLEST = 1e-12
"""A variance below it is that of a constant, as in the loss of :mod:`mmer.tasks.traces`."""


@dataclass(frozen=True)
class FoldTraces:
    """Traces of the items that a split tests on, sorted and at least one.

    Both are ``(steps, dimensions)`` float64 of those items, equally long.
    """

    items: Items
    predicted: Ragged
    true: Ragged

    def __post_init__(self) -> None:
        assert len(self.items) and self.predicted.items == self.true.items == self.items.names
        assert self.predicted.values.shape == self.true.values.shape
        assert (self.predicted.offsets == self.true.offsets).all()


def fold_of(name: str, split: str, predictions: TracePredictions, true: Ragged) -> FoldTraces:
    """The predicted traces of the tested items beside the true ones of every item.

    A UserError if no item is tested, or one has no true trace, or one of another length.
    """
    found = tested(predictions, f"system {name}", f" in {split}")
    if strangers := sorted(set(found.names) - set(true.items)):
        raise UserError(
            f"item {strangers[0]} of system {name} has no true trace: prepare the corpus again"
        )
    wanted = true.only(found.names)
    lengths, expected = np.diff(found.traces.offsets), np.diff(wanted.offsets)
    if (off := np.flatnonzero(lengths != expected)).size:
        raise UserError(
            f"system {name} predicts {lengths[off[0]]} steps of {found.names[off[0]]} in {split}, "
            f"but its true trace has {expected[off[0]]}: predict every step once"
        )
    wanted = replace(wanted, values=wanted.values.astype(np.float64))
    return FoldTraces(found.items, found.traces, wanted)


@dataclass(frozen=True)
class Moments:
    """What the scores are computed from, population moments of a prediction and its truth.

    Attributes
    ----------
    predicted_variance, true_variance, covariance
        Of all steps, ``(..., dimensions)``.
    bias
        Mean of the prediction minus mean of the truth.
    squared_error
        Mean squared difference.
    """

    predicted_variance: np.ndarray
    true_variance: np.ndarray
    covariance: np.ndarray
    bias: np.ndarray
    squared_error: np.ndarray

    @property
    def ccc(self) -> np.ndarray:
        """Lin's concordance; 0 where both are the same constant."""
        spread = self.predicted_variance + self.true_variance + self.bias**2
        return 2 * self.covariance / np.maximum(spread, SMALLEST)

    @property
    def rmse(self) -> np.ndarray:
        """Root of the mean squared difference, in the dimension's own unit."""
        return np.sqrt(self.squared_error)

    @property
    def pearson(self) -> np.ndarray:
        """Pearson's correlation; NaN where either is constant."""
        constant = np.minimum(self.predicted_variance, self.true_variance) < SMALLEST
        product = np.where(constant, np.nan, self.predicted_variance * self.true_variance)
        return self.covariance / np.sqrt(product)


def moments_of(predicted: np.ndarray, true: np.ndarray) -> Moments:
    """Moments over all steps; both are ``(steps, dimensions)``."""
    p_mean, t_mean = predicted.mean(axis=0), true.mean(axis=0)
    return Moments(
        predicted_variance=predicted.var(axis=0),
        true_variance=true.var(axis=0),
        covariance=((predicted - p_mean) * (true - t_mean)).mean(axis=0),
        bias=p_mean - t_mean,
        squared_error=((predicted - true) ** 2).mean(axis=0),
    )


def pooled_moments(system: System[FoldTraces]) -> Moments:
    """Moments over all steps of all tested items, ``(dimensions,)``."""
    folds = system.folds.values()
    return moments_of(
        np.concatenate([fold.predicted.values for fold in folds]),
        np.concatenate([fold.true.values for fold in folds]),
    )


def resampled_moments(system: System[FoldTraces], resamples: int, seed: int) -> Moments:
    """Moments over the steps of as many speakers as there are, drawn with replacement.

    Each is ``(resamples, dimensions)``.
    """
    sums = _sums_by_speaker(system)
    drawn = draw_speakers(len(sums), resamples, seed)
    totals = np.tensordot(drawn, sums, axes=1)  # (resamples, 6, dimensions)
    steps, *others = np.moveaxis(totals, 1, 0)
    p, t, pp, tt, pt = (other / steps for other in others)
    return Moments(
        predicted_variance=np.maximum(pp - p**2, 0),
        true_variance=np.maximum(tt - t**2, 0),
        covariance=pt - p * t,
        bias=p - t,
        squared_error=np.maximum(pp + tt - 2 * pt, 0),
    )


def _sums_by_speaker(system: System[FoldTraces]) -> np.ndarray:
    """Steps, and sums of ``p``, ``t``, ``p²``, ``t²``, ``pt``, ``(speakers, 6, dimensions)``.

    Both traces are taken from the mean of the true one, which changes no score and keeps digits.
    """
    folds = list(system.folds.values())
    centre = np.concatenate([fold.true.values for fold in folds]).mean(axis=0)
    by_speaker: dict[str, np.ndarray] = {}
    for fold in folds:
        for index, speaker in enumerate(fold.items.speakers):
            p, t = fold.predicted.of(index) - centre, fold.true.of(index) - centre
            parts = np.array([each.sum(axis=0) for each in (p**0, p, t, p * p, t * t, p * t)])
            by_speaker[speaker] = by_speaker.get(speaker, 0) + parts
    return np.stack([by_speaker[speaker] for speaker in sorted(by_speaker)])


def with_mean(scores: np.ndarray) -> np.ndarray:
    """Scores of the dimensions and, as one more, their mean, ``(..., dimensions + 1)``."""
    return np.concatenate([scores, scores.mean(axis=-1, keepdims=True)], axis=-1)
