"""Late fusion in which nobody who is tested chooses the classifier or its hyperparameter.

For each fold the rows to learn from are those of the other folds, out of fold
(:mod:`mmer.nested_predictions`).  Every candidate is tried on each of these folds after learning
from the rest of them; the best learns from all of them and predicts the fold that is tested.
Scaling is fitted on the rows learned from, each time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from mmer.fusion.classifiers import candidates
from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import best_candidate, grid_of
from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import CHOOSE, TEST, TRAIN
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

ByFold = Mapping[str, Mapping[str, Posteriors]]
"""Posteriors by system and fold; in each fold the part ``test`` and, out of fold, ``choose``."""


def fuse_nested(
    systems: ByFold, task: Classes, items: Items, fed: InputsSettings, settings: FusionSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of each fold by the candidate that the others chose, and what they chose it by.

    Two tables of :mod:`mmer.fusion.tables`.  In the predictions every split has the candidate that
    was chosen for it; in the grid the accuracies of a split are means over the folds that choose
    for it, of all candidates.

    A UserError if the systems do not fit together, or there are fewer than three folds.
    """
    first = next(iter(systems.values()))
    if len(first) < 3:
        raise UserError("a fusion's classifier is chosen inside three folds or more: give more")
    tested = {fold: set(posteriors.only(TEST).names) for fold, posteriors in first.items()}
    fused, grids = [], []
    for fold in first:
        held_out = {
            name: {
                other: _testing(by_fold[fold].only(CHOOSE), tested[other])
                for other in first
                if other != fold
            }
            for name, by_fold in systems.items()
        }
        tried = fuse(held_out, task, fed, settings)
        assert not set(tried["item"]) & tested[fold], f"{fold} chooses its own classifier"
        best = best_candidate(tried, task, items)
        cells = candidates(settings, len(systems))
        grid = [c for c in cells if (c.classifier, c.hyperparameter) == best]
        learned = {
            name: {fold: _testing(by_fold[fold], tested[fold])} for name, by_fold in systems.items()
        }
        fused.append(fuse(learned, task, fed, settings, grid))
        inside = grid_of(tried, task, items).groupby(["classifier", "hyperparameter"], sort=False)
        means = inside.agg(items=("items", "sum"), accuracy=("accuracy", "mean")).reset_index()
        means.insert(2, "split", fold)
        grids.append(means)
    return pd.concat(fused, ignore_index=True), pd.concat(grids, ignore_index=True)


def _testing(posteriors: Posteriors, tested: Collection[str]) -> Posteriors:
    """The same rows, some to be tested and the others to be learned from."""
    part = np.where([name in tested for name in posteriors.names], TEST, TRAIN)
    return replace(posteriors, part=part)
