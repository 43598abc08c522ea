"""The grid of late fusion: every candidate trained on a split's training rows."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from mmer.fusion.classifiers import WEIGHTED_SUM, Candidate, candidates, converged
from mmer.fusion.inputs import FusionInputs, join_systems
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import prediction_rows
from mmer.predictions import Posteriors
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

log = logging.getLogger(__name__)


def fuse(
    systems: Mapping[str, Mapping[str, Posteriors]],
    task: Classes,
    fed: InputsSettings,
    settings: FusionSettings,
    grid: Sequence[Candidate] | None = None,
) -> pd.DataFrame:
    """Train every candidate on every split's training items and predict the tested ones.

    ``systems`` are posteriors by name of the system and then of the split, ``fed`` says what of
    them goes in; ``grid`` are the candidates, where they are not those of the settings.
    Returns the predictions of :mod:`mmer.fusion.tables`.

    A UserError if the systems do not fit together, or the grid is empty or asks for more neighbours
    than there are training rows.
    """
    splits = _common_splits(systems)
    grid = candidates(settings, len(systems)) if grid is None else grid
    if not grid:
        raise UserError("the fusion's grid is empty: give some classifier a value to try")
    inputs = {
        split: join_systems(split, {name: parts[split] for name, parts in systems.items()}, fed)
        for split in splits
    }
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parts = [
            _train_and_predict(candidate, split, inputs[split], task, settings)
            for candidate in grid
            for split in splits
        ]
    return pd.concat(parts, ignore_index=True)


def _common_splits(systems: Mapping[str, Mapping[str, Posteriors]]) -> list[str]:
    if len(systems) < 2:
        raise UserError(
            f"fusion needs at least two systems, but got {', '.join(systems) or 'none'}: name more"
        )
    first, *others = systems
    for other in others:
        differing = sorted(set(systems[first]) ^ set(systems[other]))
        if differing:
            raise UserError(
                f"only one of the systems {first} and {other} has predictions for "
                f"{', '.join(differing)}: give both the same splits"
            )
    if not systems[first]:
        raise UserError("fusion got systems without any split: give predictions per split")
    return list(systems[first])


def _train_and_predict(
    candidate: Candidate, split: str, inputs: FusionInputs, task: Classes, settings: FusionSettings
) -> pd.DataFrame:
    """Rows of the predictions' table of one candidate on one split."""
    if candidate.classifier == "knn" and candidate.value > len(inputs.train):
        raise UserError(
            f"fusion asks for {candidate.value} neighbours, but {split} has {len(inputs.train)} "
            "training items: take smaller values out of the fusion's classifiers knn k"
        )
    train, test = inputs.train, inputs.test
    if candidate.classifier == WEIGHTED_SUM:
        train, test = inputs.train_probabilities, inputs.test_probabilities
    model = candidate.build(settings).fit(train, inputs.train_labels)
    if not converged(model, settings):
        log.warning(
            "%s %s did not converge on %s: its row counts, but raise the iterations",
            candidate.classifier,
            candidate.hyperparameter,
            split,
        )
    predicted = model.predict(test)
    probabilities = None
    if hasattr(model, "predict_proba"):
        probabilities = np.zeros((len(predicted), task.outputs))
        probabilities[:, model.classes_] = model.predict_proba(test)
    words = [task.names[label] for label in predicted]
    return prediction_rows(task, candidate, split, inputs.test_items, words, probabilities)
