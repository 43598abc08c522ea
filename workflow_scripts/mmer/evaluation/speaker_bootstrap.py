"""Intervals that respect speakers: the bootstrap over whole speakers.

What a recogniser makes of one item of a speaker tells much about the next one, so 1,440 clips of 24
speakers are far fewer than 1,440 independent trials, as which the paper's interval takes them.
Here speakers are drawn with replacement, each with all items, and the percentiles of the scores so
obtained are the interval.  Recognisers are compared on the same draws, so that a speaker who is
hard for both does not widen the interval of their difference.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Davison and
Hinkley, Bootstrap Methods and their Application (1997), section 3.8, for data in clusters.
With 24 speakers the interval covers somewhat less than it says (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from mmer.evaluation.predictions import FoldPredictions, System, correctness

_PERCENTILES = (2.5, 97.5)


class Difference(NamedTuple):
    """The difference of two scores over all items, first minus second, and its 95 % interval."""

    value: float
    low: float
    high: float


def draw_speakers(speakers: int, resamples: int, seed: int) -> np.ndarray:
    """How often each speaker is drawn, ``(resamples, speakers)`` int64.

    The draws depend on the number of speakers and the seed alone, so they are the same for every
    system.
    """
    return np.random.default_rng(seed).multinomial(
        speakers, np.full(speakers, 1 / speakers), size=resamples
    )


def interval(resampled: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a score from its resampled values, ``(resamples,)``."""
    low, high = np.percentile(resampled, _PERCENTILES)
    return float(low), float(high)


def count_by_speaker(systems: Sequence[System[FoldPredictions]]) -> tuple[np.ndarray, np.ndarray]:
    """Recognised items of each speaker, ``(speakers, systems)``, and all items, ``(speakers,)``."""
    speaker_of = {
        name: speaker
        for fold in systems[0].folds.values()
        for name, speaker in zip(fold.items.names, fold.items.speakers, strict=True)
    }
    speakers = np.array([speaker_of[name] for name in sorted(speaker_of)])
    _, row, items = np.unique(speakers, return_inverse=True, return_counts=True)
    correct = np.zeros((len(items), len(systems)), np.int64)
    np.add.at(correct, row, correctness(systems))
    return correct, items


def resampled_accuracies(
    correct: np.ndarray, items: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    """Accuracy over the items of as many speakers as there are, drawn with replacement.

    ``correct`` and ``items`` are those of :func:`count_by_speaker`; returns ``(resamples,
    systems)`` float64, in percent.
    """
    drawn = draw_speakers(len(items), resamples, seed)
    return 100 * (drawn @ correct) / (drawn @ items)[:, np.newaxis]


def accuracy_interval(
    system: System[FoldPredictions], resamples: int, seed: int
) -> tuple[float, float]:
    """The 95 % interval of the accuracy over all items of a system that was run, in percent."""
    return interval(resampled_accuracies(*count_by_speaker([system]), resamples, seed)[:, 0])


def paired_differences(
    systems: Sequence[System[FoldPredictions]], resamples: int, seed: int
) -> dict[tuple[str, str], Difference]:
    """The difference of each pair's accuracies in percentage points, by the systems' names.

    Both are measured on the same draws of speakers.
    """
    if len(systems) < 2:
        return {}
    correct, items = count_by_speaker(systems)
    return differences_of(
        [system.name for system in systems],
        100 * correct.sum(axis=0) / items.sum(),
        resampled_accuracies(correct, items, resamples, seed),
    )


def differences_of(
    names: Sequence[str], measured: np.ndarray, resampled: np.ndarray
) -> dict[tuple[str, str], Difference]:
    """The difference of each pair of scores with its interval.

    Parameters
    ----------
    measured
        The systems' scores, ``(systems,)``.
    resampled
        Their scores on the same draws of speakers, ``(resamples, systems)``.
    """
    return {
        (names[first], names[second]): Difference(
            float(measured[first] - measured[second]),
            *interval(resampled[:, first] - resampled[:, second]),
        )
        for first, second in combinations(range(len(names)), 2)
    }
