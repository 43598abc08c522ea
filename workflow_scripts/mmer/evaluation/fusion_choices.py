"""A nested fusion in two further ways: with resubstituted rows, and with the tested ones' choice.

In each one thing is as in the paper's protocol, and everything else as in the nested one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from mmer.evaluation.choices import Recognised
from mmer.fusion.classifiers import candidates
from mmer.fusion.grid import fuse
from mmer.fusion.nested import ByFold
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import CANDIDATE_COLUMNS, best_candidate
from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import TEST, TRAIN
from mmer.tasks import Classes


def of_fused(fused: pd.DataFrame, task: Classes, items: Items) -> Recognised:
    """Whether each item is recognised; ``fused`` has each once (:mod:`mmer.fusion.tables`)."""
    true = items.of(fused["item"]).column(task.column)
    correct = (fused["predicted"].to_numpy(str) == true).astype(np.float64)
    found = pd.Series(correct, index=fused["item"].to_list()).sort_index()
    assert found.index.is_unique, "an item is fused twice"
    return found


def chosen_by_tested(fused: pd.DataFrame, task: Classes, items: Items) -> pd.DataFrame:
    """The rows of the candidate that is best on those who are tested, as the paper's tables do."""
    best = best_candidate(fused, task, items)
    return fused[(fused[CANDIDATE_COLUMNS] == list(best)).all(axis=1)]


def best_on_tested(
    systems: ByFold, task: Classes, items: Items, fed: InputsSettings, settings: FusionSettings
) -> pd.DataFrame:
    """Every candidate learned from rows out of fold; of these the best on those who are tested."""
    learned = {
        name: {fold: _learning(rows) for fold, rows in by_fold.items()}
        for name, by_fold in systems.items()
    }
    return chosen_by_tested(fuse(learned, task, fed, settings), task, items)


def same_on_resubstituted(
    systems: Mapping[str, Mapping[str, Posteriors]],
    nested: pd.DataFrame,
    task: Classes,
    fed: InputsSettings,
    settings: FusionSettings,
) -> pd.DataFrame:
    """The candidate that the nested fusion has for each fold, learned from resubstituted rows.

    Parameters
    ----------
    systems
        Posteriors by system and fold, of which the part ``train`` is learned from.
    nested
        The predictions of the nested fusion.
    """
    fused = []
    for fold, rows in nested.groupby("split", sort=False):
        (chosen,) = set(map(tuple, rows[CANDIDATE_COLUMNS].to_numpy(str)))
        every = candidates(settings, len(systems))
        grid = [c for c in every if (c.classifier, c.hyperparameter) == chosen]
        of_fold = {name: {fold: by_fold[fold]} for name, by_fold in systems.items()}
        fused.append(fuse(of_fold, task, fed, settings, grid))
    return pd.concat(fused, ignore_index=True)


def _learning(rows: Posteriors) -> Posteriors:
    """The same rows; whoever is not tested is learned from."""
    return replace(rows, part=np.where(rows.part == TEST, TEST, TRAIN))
