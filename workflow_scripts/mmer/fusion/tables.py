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


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV with full float precision."""
    with writing(path) as unfinished:
        table.to_csv(unfinished, index=False)


def read_fused(path: Path, task: Classes, items: Items) -> pd.DataFrame:
    """Read a predictions' table.

    Raises
    ------
    UserError
        If columns are missing, or a class or an item is unknown.
    """
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(_WORDS, str),
            keep_default_na=False,  # a class may be called none
            na_values={name: [""] for name in task.probability_columns},
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as fusion predictions ({error})") from error
    missing = [name for name in [*_WORDS, *task.probability_columns] if name not in table]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: run the fusion again")
    unknown = set(table["predicted"]) - set(task.names)
    if unknown:
        raise UserError(
            f"{path} predicts {sorted(map(str, unknown))[0]}, which is no {task.column}: run the "
            "fusion again"
        )
    strangers = set(table["item"]) - set(items.names)
    if strangers:
        raise UserError(
            f"{path} predicts {sorted(map(str, strangers))[0]}, which is not in the corpus's item "
            "table: run the fusion again"
        )
    return table
