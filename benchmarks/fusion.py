"""Line of the late fusion: the grid as the workflow trains it, against scikit-learn's defaults."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from benchmarks.measure import Contest, Line
from mmer.corpus.clips import ACTOR_COUNT, Clip
from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out
from mmer.corpus.labels import CLASS_COUNT
from mmer.corpus.synthetic.inventory import clips_of_actor
from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings
from mmer.posteriors import Posteriors

ACTORS = range(1, ACTOR_COUNT + 1)
CLIPS = 60
"""Of an actor."""
CLARITY = 2.0
"""How far the true class's logit lies above the others' mean, in standard deviations: systems are
then right about half of the time, as the paper's are."""
ITERATIONS = 10_000
"""That lbfgs gets; the library's default of 100 stops it long before the minimum."""


def lines() -> Iterator[Line]:
    """The line."""
    yield Line(
        work=f"fusion's grid on one split of {ACTOR_COUNT * CLIPS} clips",
        against="the same grid with lbfgs, scikit-learn's default solver, to the same tolerance or "
        f"{ITERATIONS} iterations",
        device="CPU",
        goal=None,
        repetitions=1,
        prepare=contest,
    )


def contest(clips: int = CLIPS) -> Contest:
    """Both solvers on the same posteriors, one thread each."""
    names = tuple(sorted(clip.name for actor in ACTORS for clip in clips_of_actor(actor, clips)))
    split = one_fold_out(PAPER_FOLDS, ACTORS)["heldout0"]
    systems = {
        name: {split.name: said_of(names, split, seed)}
        for seed, name in enumerate(("speech", "face"))
    }
    settings = FusionSettings()
    other = FusionSettings(logistic_solver="lbfgs", logistic_max_iterations=ITERATIONS)

    def theirs() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return fuse(systems, other)

    agreement = "the same rows, tolerance and grid"
    return Contest(lambda: fuse(systems, settings), theirs, agreement, torch.device("cpu"))


def said_of(names: tuple[str, ...], split: Split, seed: int) -> Posteriors:
    """What a recogniser that is right half of the time says of every clip.

    Another seed is another recogniser; it says the same on every split.
    """
    clips = [Clip.parse(name) for name in names]
    logits = np.random.default_rng(seed).standard_normal((len(names), CLASS_COUNT))
    logits[np.arange(len(names)), [clip.label for clip in clips]] += CLARITY
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    parts = np.array([split.part(clip.actor) for clip in clips])
    return Posteriors(names, parts, probabilities, logits)
