"""Line of the statistics: the bootstrap over actors, against SciPy's general one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy import stats

from benchmarks.measure import Contest, Line
from mmer.corpus.clips import ACTOR_COUNT
from mmer.evaluation.actor_bootstrap import ActorCounts, resampled_accuracies

SYSTEMS, CLIPS, RESAMPLES, SEED = 28, 60, 10_000, 2020
"""About as many systems as the paper's run has, clips of an actor, draws of the settings."""


def lines() -> Iterator[Line]:
    """The line."""
    yield Line(
        work=f"95 % intervals of {SYSTEMS} accuracies, {RESAMPLES} draws of actors",
        against="scipy.stats.bootstrap over actors, a call per system",
        device="CPU",
        goal=None,
        repetitions=5,
        prepare=contest,
    )


def contest() -> Contest:
    """The same counts, draws and percentiles in both ways."""
    random = np.random.default_rng(SEED)
    correct = random.binomial(CLIPS, random.uniform(0.3, 0.8, (ACTOR_COUNT, SYSTEMS)))
    counts = ActorCounts(correct, np.full(ACTOR_COUNT, CLIPS))

    def ours() -> np.ndarray:
        return np.percentile(resampled_accuracies(counts, RESAMPLES, SEED), (2.5, 97.5), axis=0)

    def theirs() -> np.ndarray:
        found = [
            stats.bootstrap(
                (100 * of_system / CLIPS,),
                np.mean,
                n_resamples=RESAMPLES,
                method="percentile",
                rng=np.random.default_rng(SEED),
            ).confidence_interval
            for of_system in correct.T
        ]
        return np.array(found).T

    difference = np.abs(ours() - theirs()).max()
    return Contest(
        ours, theirs, f"ends differ by {difference:.2f} points at most", torch.device("cpu")
    )
