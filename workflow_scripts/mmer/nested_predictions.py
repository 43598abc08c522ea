"""Predictions under the nested protocol: what those say who never saw the people tested.

Each fold is tested by every training that held it out, with the weights chosen on the other fold
that was held out.  Probabilities are averaged: every family has them, a single network that is sure
of itself cannot outvote the others as it would among logits, and the average's log loss and Brier
score are at most the mean of its parts'.  Logits, which only a fusion reads, are averaged as
logits, so that a linear classifier decides as the mean of its decisions on each training's.

The items of the other folds come from the same trainings: each from the one that held out its fold
and the tested one, with the weights that its own fold chose.  No training and no choice behind the
rows of a fold has seen the people whom it tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.items import Items
from mmer.predictions import Posteriors, Predictions, TracePredictions, read_predictions
from mmer.protocol import CHOOSE, TEST, Split, by_tested_fold
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces


def read_nested(
    paths: Mapping[str, Path], splits: Mapping[str, Split], task: Classes | Traces, items: Items
) -> dict[str, Predictions]:
    """Predictions of each fold, averaged, in the part ``test``; of classes all others' beside them.

    A UserError if a table is none, was made under another split, or lacks items that others of its
    fold have.

    They come by fold.  Of classes the part ``choose`` has every other fold's items, out of fold.
    """
    tables = {}
    for name, split in splits.items():
        tables[name] = read_predictions(paths[name], task, items)
        wrong = np.flatnonzero(tables[name].part != split.parts_of(tables[name].items))
        if wrong.size:
            raise UserError(
                f"{paths[name]}: item {tables[name].names[wrong[0]]} is in another part than split "
                f"{name} has it in: make the table again"
            )
    folds = {}
    for fold, names in by_tested_fold(splits).items():
        of_fold = [tables[name] for name in names]
        first = of_fold[0].only(TEST)
        for name, other in zip(names, of_fold, strict=True):
            if other.only(TEST).names != first.names:
                raise UserError(f"{paths[name]} tests other items than its like: make it again")
        folds[fold] = _of_classes(of_fold) if isinstance(task, Classes) else _of_traces(of_fold)
    return folds


def _of_classes(tables: Sequence[Posteriors]) -> Posteriors:
    """The average of the tested items, and each other item as the training held it out."""
    tested = [table.only(TEST) for table in tables]
    logits = [table.logits for table in tested]
    average = replace(
        tested[0],
        probabilities=np.mean([table.probabilities for table in tested], axis=0),
        logits=None if any(each is None for each in logits) else np.mean(logits, axis=0),
    )
    return joined([average, *(table.only(CHOOSE) for table in tables)])


def _of_traces(tables: Sequence[TracePredictions]) -> TracePredictions:
    tested = [table.only(TEST) for table in tables]
    first = tested[0].traces
    values = np.mean([table.traces.values for table in tested], axis=0)
    return replace(
        tested[0], traces=Ragged(first.items, values, first.offsets, tested[0].task.rate)
    )


def joined(parts: Sequence[Posteriors]) -> Posteriors:
    """Posteriors of different items in one, sorted by item."""
    names = np.concatenate([part.names for part in parts])
    order = np.argsort(names)
    assert len(set(names)) == len(names), "an item is in two folds"
    tables = [part.items.table for part in parts]
    logits = [part.logits for part in parts]
    return Posteriors(
        parts[0].task,
        Items(pd.concat(tables, ignore_index=True)).of(names[order]),
        np.concatenate([part.part for part in parts])[order],
        np.concatenate([part.probabilities for part in parts])[order],
        None if any(each is None for each in logits) else np.concatenate(logits)[order],
    )


def out_of_fold(splits: Mapping[str, Posteriors]) -> dict[str, Posteriors]:
    """The like of models whose predictions exist for the paper's splits only, by fold.

    The rows of the other folds are those that their own models held out.  These learned from the
    people tested here, and those whom they held out chose their weights; what is learned from the
    rows still sees nobody whom it tests.
    """
    tested = {name: posteriors.only(TEST) for name, posteriors in splits.items()}
    return {
        fold: joined(
            [
                own if name == fold else replace(own, part=np.full(len(own.names), CHOOSE))
                for name, own in tested.items()
            ]
        )
        for fold in tested
    }
