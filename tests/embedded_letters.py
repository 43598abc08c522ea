"""Embeddings of letters said by four speakers, and their rows by hand."""

from __future__ import annotations

import numpy as np

from mmer.embeddings import Embeddings
from mmer.items import Items, items_table
from mmer.protocol import Split
from mmer.tasks import Classes

TASK = Classes(names=tuple("abcdefgh"), column="letter")
SPLIT = Split(name="fold0", train=("1", "2", "3"), choose=("4",), test=("4",))
FIRST = 0


def embeddings(per_class: int = 4, fewer_of_first: int = 0, spread: float = 1.0) -> Embeddings:
    """Twelve noisy numbers per item, named 4a0, around a centre for each class; not negative."""
    rng = np.random.default_rng(5)
    centres = 2 * rng.random((8, 12))
    names, values = [], []
    for speaker in "4123":
        for number, letter in enumerate(TASK.names):
            for take in range(per_class - (fewer_of_first if number == FIRST else 0)):
                names.append(f"{speaker}{letter}{take}")
                values.append(np.maximum(0, centres[number] + rng.normal(0, spread, 12)))
    return Embeddings(tuple(names), np.array(values, np.float32))


def table(data: Embeddings) -> Items:
    rows = ({"item": name, "speaker": name[0], "letter": name[1]} for name in data.items)
    return items_table(rows, ["letter"])


def some(data: Embeddings, rows: list[int]) -> Embeddings:
    return Embeddings(tuple(data.items[row] for row in rows), data.values[rows])


def by_hand(data: Embeddings) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training values and labels, then tested ones, items in order of their names."""
    order = np.argsort(data.items)
    names = [data.items[row] for row in order]
    values = data.values[order].astype(np.float64)
    labels = np.array([TASK.names.index(name[1]) for name in names])
    train = np.array([name[0] != "4" for name in names])
    return values[train], labels[train], values[~train], labels[~train]
