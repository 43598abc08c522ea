"""The best fusion of each pairing of systems and of what it is fed.

As in the paper's table A3 and figure 7, the classifier and its hyperparameter with the highest mean
accuracy over the tested folds are taken: they are chosen on the very items that they are then
reported on, which flatters them.  The whole grid stays in the fusion's own table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmer.evaluation.job import FusionRequest
from mmer.evaluation.predictions import FoldPredictions, System
from mmer.fusion.tables import CANDIDATE_COLUMNS, best_candidate
from mmer.items import Items
from mmer.tasks import Classes


def best_fusion(
    fusion: FusionRequest, predictions: pd.DataFrame, task: Classes, items: Items
) -> System[FoldPredictions]:
    """The best candidate of a fusion as a system; its title says which candidate it is."""
    best = best_candidate(predictions, task, items)
    chosen = predictions[(predictions[CANDIDATE_COLUMNS] == list(best)).all(axis=1)]
    return _as_system(fusion, f"{fusion.title} ({' '.join(best)})", chosen, task, items)


def nested_fusion(
    fusion: FusionRequest, predictions: pd.DataFrame, task: Classes, items: Items
) -> System[FoldPredictions]:
    """A fusion whose candidate was chosen for each split by those who are not tested in it."""
    title = f"{fusion.title} (classifier chosen inside)"
    return _as_system(fusion, title, predictions, task, items)


def _as_system(
    fusion: FusionRequest, title: str, chosen: pd.DataFrame, task: Classes, items: Items
) -> System[FoldPredictions]:
    """Predictions of one candidate for each split, as a system."""
    folds = {}
    for split, rows in chosen.sort_values("item").groupby("split", sort=True):
        probabilities = rows[task.probability_columns].to_numpy(np.float64)
        folds[split] = FoldPredictions(
            task,
            items.of(rows["item"]),
            task.positions(rows["predicted"]),
            None if np.isnan(probabilities).any() else probabilities,
        )
    return System(fusion.name, title, "fusion", fusion.variant, folds, fed=fusion.fed)
