"""A few items of made-up speakers, and what a recogniser says of them, for tests of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmer.evaluation.predictions import FoldPredictions
from mmer.items import Items, items_table
from mmer.tasks import Classes

EMOTION = Classes(names=("neutral", "calm", "happy", "sad"), column="emotion")


def items_of(emotions: Mapping[str, str], **columns: Sequence[str]) -> Items:
    """Items by name, ``<speaker>-<more>``, with their emotions and further columns."""
    rows = [
        {"item": name, "speaker": name.split("-")[0], "emotion": emotion}
        | {column: cells[row] for column, cells in columns.items()}
        for row, (name, emotion) in enumerate(emotions.items())
    ]
    return items_table(rows, ["emotion", *columns])


def fold_of(
    items: Items, said: Sequence[str], probabilities: np.ndarray | None = None
) -> FoldPredictions:
    """What is said of each item, in their order."""
    return FoldPredictions(EMOTION, items, EMOTION.positions(said), probabilities)
