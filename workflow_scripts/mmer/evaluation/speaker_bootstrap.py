"""Intervals that respect speakers: the bootstrap over whole speakers.

What a recogniser makes of one item of a speaker tells much about the next one, so 1,440 clips of 24
actors are far fewer than 1,440 independent trials, as which the paper's interval takes them.  Here
speakers are drawn with replacement, each with all items, and the percentiles of the scores so
obtained are the interval.  Recognisers are compared on the same draws, so that a speaker who is
hard for both does not widen the interval of their difference.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Davison and
Hinkley, Bootstrap Methods and their Application (1997), section 3.8, for data in clusters.
With 24 speakers the interval covers somewhat less than it says (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmer.evaluation.predictions import FoldPredictions, System
from mmer.evaluation.significance import correctness

_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class SpeakerCounts:
    """How many items of each speaker each system recognises.

    Attributes
    ----------
    correct
        ``(speakers, systems)`` int64.
    items
        ``(speakers,)`` int64, each above 0.
    """

    correct: np.ndarray
    items: np.ndarray

    def __post_init__(self) -> None:
        assert self.correct.ndim == 2 and self.items.shape == self.correct.shape[:1]
        assert len(self.items) and (self.items > 0).all()


@dataclass(frozen=True)
class Difference:
    """The difference of two scores over all items, first minus second.

    Attributes
    ----------
    value
        As measured.
    low, high
        Its 95 % interval.
    """

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


def count_by_speaker(systems: Sequence[System[FoldPredictions]]) -> SpeakerCounts:
    """Count the recognised items of each speaker.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same items.
    """
    correct = correctness(systems)  # (items, systems)
    speaker_of = {
        name: speaker
        for fold in systems[0].folds.values()
        for name, speaker in zip(fold.items.names, fold.items.speakers, strict=True)
    }
    speakers = np.array([speaker_of[name] for name in sorted(speaker_of)])
    _, row, items = np.unique(speakers, return_inverse=True, return_counts=True)
    counts = np.zeros((len(items), len(systems)), np.int64)
    np.add.at(counts, row, correct)
    return SpeakerCounts(counts, items)


def resampled_accuracies(counts: SpeakerCounts, resamples: int, seed: int) -> np.ndarray:
    """Accuracy over the items of as many speakers as there are, drawn with replacement.

    Returns
    -------
    numpy.ndarray
        ``(resamples, systems)`` float64, in percent.
    """
    drawn = draw_speakers(len(counts.items), resamples, seed)
    return 100 * (drawn @ counts.correct) / (drawn @ counts.items)[:, np.newaxis]


def accuracy_interval(
    system: System[FoldPredictions], resamples: int, seed: int
) -> tuple[float, float]:
    """The 95 % interval of a system's accuracy over all items, in percent.

    Parameters
    ----------
    system
        One that was run.
    resamples
        How often speakers are drawn.
    seed
        Of the draws.
    """
    return interval(resampled_accuracies(count_by_speaker([system]), resamples, seed)[:, 0])


def paired_differences(
    systems: Sequence[System[FoldPredictions]], resamples: int, seed: int
) -> dict[tuple[str, str], Difference]:
    """The difference of each pair's accuracies in percentage points, by the systems' names.

    Both are measured on the same draws of speakers.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same items.
    """
    if len(systems) < 2:
        return {}
    counts = count_by_speaker(systems)
    measured = 100 * counts.correct.sum(axis=0) / counts.items.sum()
    return differences_of(
        [system.name for system in systems],
        measured,
        resampled_accuracies(counts, resamples, seed),
    )


def differences_of(
    names: Sequence[str], measured: np.ndarray, resampled: np.ndarray
) -> dict[tuple[str, str], Difference]:
    """The difference of each pair of scores with its interval.

    Parameters
    ----------
    names
        Of the systems.
    measured
        Their scores, ``(systems,)``.
    resampled
        Their scores on the same draws of speakers, ``(resamples, systems)``.
    """
    # One system a row, since percentiles are fastest along memory.
    rows = np.ascontiguousarray(resampled.T)
    return {
        (names[first], names[second]): Difference(
            float(measured[first] - measured[second]), *interval(rows[first] - rows[second])
        )
        for first, second in combinations(range(len(names)), 2)
    }
