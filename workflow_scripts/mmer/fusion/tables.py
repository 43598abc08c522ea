"""The two tables of late fusion, both in long form.

Predictions: ``classifier,hyperparameter,split,clip,predicted`` (the emotion's word) and
``p_neutral`` ... ``p_surprised``, empty where a classifier gives no probabilities.
Grid: ``classifier,hyperparameter,split,clips,accuracy`` (percent of the held-out clips).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.corpus.clips import Clip
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.posteriors import PROBABILITY_COLUMNS
from mmer.store import writing

CANDIDATE_COLUMNS = ["classifier", "hyperparameter"]
_WORDS = [*CANDIDATE_COLUMNS, "split", "clip", "predicted"]
PREDICTION_COLUMNS = [*_WORDS, *PROBABILITY_COLUMNS]


def prediction_rows(
    classifier: str,
    hyperparameter: str,
    split: str,
    clips: Sequence[str],
    predicted: Sequence[str],
    probabilities: np.ndarray | None,
) -> pd.DataFrame:
    """Rows of the predictions' table; ``probabilities`` are ``(clips, 8)`` in RAVDESS order."""
    table = pd.DataFrame({"clip": clips, "predicted": predicted}, dtype=str)
    table.insert(0, "classifier", classifier)
    table.insert(1, "hyperparameter", hyperparameter)
    table.insert(2, "split", split)
    table[PROBABILITY_COLUMNS] = np.nan if probabilities is None else probabilities
    return table


def grid_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of every candidate on every split, in the order of the predictions."""
    truth = predictions["clip"].map(lambda clip: EMOTIONS[Clip.parse(clip).label])
    scored = predictions.assign(correct=predictions["predicted"] == truth)
    groups = scored.groupby([*CANDIDATE_COLUMNS, "split"], sort=False)["correct"]
    return groups.agg(clips="size", accuracy=lambda correct: 100 * correct.mean()).reset_index()


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV with full float precision."""
    with writing(path) as unfinished:
        table.to_csv(unfinished, index=False)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a predictions' table.

    Raises
    ------
    UserError
        If columns are missing or an emotion is unknown.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_WORDS, str))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as fusion predictions ({error})") from error
    missing = [column for column in PREDICTION_COLUMNS if column not in table]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: run the fusion again")
    unknown = set(table["predicted"]) - set(EMOTIONS)
    if unknown:
        raise UserError(f"{path} predicts {sorted(map(str, unknown))[0]}, which is no emotion")
    return table
