"""Intervals that respect actors: the bootstrap over whole actors.

What a recogniser makes of one clip of an actor tells much about the next one, so 1,440 clips of 24
actors are far fewer than 1,440 independent trials, as which the paper's interval takes them.  Here
actors are drawn with replacement, each with all clips, and the percentiles of the accuracies so
obtained are the interval.  Recognisers are compared on the same draws, so that an actor who is
hard for both does not widen the interval of their difference.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Davison and
Hinkley, Bootstrap Methods and their Application (1997), section 3.8, for data in clusters.
With 24 actors the interval covers somewhat less than it says (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmer.corpus.clips import Clip
from mmer.evaluation.predictions import System
from mmer.evaluation.significance import correctness

_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class ActorCounts:
    """How many clips of each actor each system recognises.

    Attributes
    ----------
    correct
        ``(actors, systems)`` int64.
    clips
        ``(actors,)`` int64, each above 0.
    """

    correct: np.ndarray
    clips: np.ndarray

    def __post_init__(self) -> None:
        assert self.correct.ndim == 2 and self.clips.shape == self.correct.shape[:1]
        assert len(self.clips) and (self.clips > 0).all()


@dataclass(frozen=True)
class Difference:
    """The difference of two accuracies over all clips, first minus second, in percentage points.

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


def count_by_actor(systems: Sequence[System]) -> ActorCounts:
    """Count the recognised clips of each actor.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same clips.
    """
    correct = correctness(systems)  # (clips, systems)
    names = sorted(systems[0].correct_by_clip)
    actors = np.array([Clip.parse(name).actor for name in names])
    _, row, clips = np.unique(actors, return_inverse=True, return_counts=True)
    counts = np.zeros((len(clips), len(systems)), np.int64)
    np.add.at(counts, row, correct)
    return ActorCounts(counts, clips)


def resampled_accuracies(counts: ActorCounts, resamples: int, seed: int) -> np.ndarray:
    """Accuracy over the clips of as many actors as there are, drawn with replacement.

    Returns
    -------
    numpy.ndarray
        ``(resamples, systems)`` float64, in percent.  The draws depend on the number of actors and
        the seed alone, so they are the same for every system.
    """
    actors = len(counts.clips)
    drawn = np.random.default_rng(seed).multinomial(
        actors, np.full(actors, 1 / actors), size=resamples
    )  # (resamples, actors), how often each actor was drawn
    return 100 * (drawn @ counts.correct) / (drawn @ counts.clips)[:, np.newaxis]


def accuracy_interval(system: System, resamples: int, seed: int) -> tuple[float, float]:
    """The 95 % interval of a system's accuracy over all clips, in percent.

    Parameters
    ----------
    system
        One that was run.
    resamples
        How often actors are drawn.
    seed
        Of the draws.
    """
    accuracies = resampled_accuracies(count_by_actor([system]), resamples, seed)
    low, high = np.percentile(accuracies[:, 0], _PERCENTILES)
    return float(low), float(high)


def paired_differences(
    systems: Sequence[System], resamples: int, seed: int
) -> dict[tuple[str, str], Difference]:
    """The difference of each pair of systems, by their names, both on the same draws of actors.

    Raises
    ------
    UserError
        If two systems were not evaluated on the same clips.
    """
    if len(systems) < 2:
        return {}
    counts = count_by_actor(systems)
    measured = 100 * counts.correct.sum(axis=0) / counts.clips.sum()
    # One system a row, since percentiles are fastest along memory.
    resampled = np.ascontiguousarray(resampled_accuracies(counts, resamples, seed).T)
    found = {}
    for first, second in combinations(range(len(systems)), 2):
        low, high = np.percentile(resampled[first] - resampled[second], _PERCENTILES)
        found[systems[first].name, systems[second].name] = Difference(
            float(measured[first] - measured[second]), float(low), float(high)
        )
    return found
