"""The two tables of late fusion, both in long form.

Predictions: ``classifier,hyperparameter,split,item,predicted`` (the class's word) and
``p_<class>``, empty where a classifier gives no probabilities.
Grid: ``classifier,hyperparameter,split,items,accuracy`` (percent of the tested items).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.fusion.classifiers import Candidate
from mmer.items import Items
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing
from mmer.tasks import Classes

CANDIDATE_COLUMNS = ["classifier", "hyperparameter"]
_WORDS = [*CANDIDATE_COLUMNS, "split", "item", "predicted"]


def prediction_rows(
    task: Classes,
    candidate: Candidate,
    split: str,
    items: Sequence[str],
    predicted: Sequence[str],
    probabilities: np.ndarray | None,
) -> pd.DataFrame:
    """Rows of the predictions' table; ``probabilities`` are ``(items, classes)``."""
    table = pd.DataFrame({"item": items, "predicted": predicted}, dtype=str)
    table.insert(0, "classifier", candidate.classifier)
    table.insert(1, "hyperparameter", candidate.hyperparameter)
    table.insert(2, "split", split)
    table[task.probability_columns] = np.nan if probabilities is None else probabilities
    return table


def grid_of(predictions: pd.DataFrame, task: Classes, items: Items) -> pd.DataFrame:
    """Accuracy of every candidate on every split, in the order of the predictions."""
    truth = items.of(predictions["item"]).column(task.column)
    scored = predictions.assign(correct=predictions["predicted"].to_numpy(str) == truth)
    groups = scored.groupby([*CANDIDATE_COLUMNS, "split"], sort=False)["correct"]
    return groups.agg(items="size", accuracy=lambda correct: 100 * correct.mean()).reset_index()


def best_candidate(predictions: pd.DataFrame, task: Classes, items: Items) -> tuple[str, str]:
    """Classifier and hyperparameter with the highest mean accuracy over the splits.

    Of equals, the first in the order of the table, which is the order of the settings.

    A UserError if a candidate lacks a split, so that means cannot be compared.
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


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV with full float precision."""
    with writing(path) as unfinished:
        table.to_csv(unfinished, index=False)


def read_fused(path: Path, task: Classes) -> pd.DataFrame:
    """Read a predictions' table."""
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(_WORDS, str),
        keep_default_na=False,  # a class may be called none
        na_values={name: [""] for name in task.probability_columns},
    )
