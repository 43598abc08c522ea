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
from mmer.fusion.tables import CANDIDATE_COLUMNS, grid_of
from mmer.items import Items
from mmer.runtime.errors import UserError
from mmer.tasks import Classes


def best_candidate(predictions: pd.DataFrame, task: Classes, items: Items) -> tuple[str, str]:
    """Classifier and hyperparameter with the highest mean accuracy over the splits.

    Of equals, the first in the order of the table, which is the order of the settings.

    Raises
    ------
    UserError
        If a candidate lacks a split, so that means cannot be compared.
    """
    accuracy = grid_of(predictions, task, items).pivot_table(
        index=CANDIDATE_COLUMNS, columns="split", values="accuracy", sort=False
    )
    if accuracy.isna().to_numpy().any():
        classifier, hyperparameter = accuracy.index[accuracy.isna().any(axis=1)][0]
        raise UserError(
            f"fusion candidate {classifier} {hyperparameter} lacks a split: run the fusion again"
        )
    # Rounding first: means of equal folds may differ in the last bit.
    return accuracy.mean(axis=1).round(9).idxmax()


def best_fusion(
    fusion: FusionRequest, predictions: pd.DataFrame, task: Classes, items: Items
) -> System[FoldPredictions]:
    """The best candidate of a fusion as a system; its title says which candidate it is."""
    best = best_candidate(predictions, task, items)
    chosen = predictions[(predictions[CANDIDATE_COLUMNS] == list(best)).all(axis=1)]
    folds = {}
    for split, rows in chosen.sort_values("item").groupby("split", sort=True):
        probabilities = rows[task.probability_columns].to_numpy(np.float64)
        folds[split] = FoldPredictions(
            task,
            items.of(rows["item"]),
            task.positions(rows["predicted"]),
            None if np.isnan(probabilities).any() else probabilities,
        )
    title = f"{fusion.title} ({' '.join(best)})"
    return System(fusion.name, title, "fusion", fusion.variant, folds, fed=fusion.fed)
