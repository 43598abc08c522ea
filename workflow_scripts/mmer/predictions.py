"""Predictions: one table per model, variant and split, the border between models and the rest.

Every model writes such a table, models trained elsewhere enter as one, and fusion, statistics and
report read nothing else of a model; so the reader checks everything that they rely on.

Classes: ``item``, ``part`` (``train``, ``choose`` or ``test``), ``p_<class>`` (probabilities that
sum to one) and, where the model has them, ``logit_<class>``.  Traces: ``item``, ``part``, ``step``
and a column per dimension, a row per step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from mmer.items import SPEAKER, Items
from mmer.protocol import CHOOSE, PARTS, TEST, TRAIN
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing
from mmer.tasks import Classes, Traces


@dataclass(frozen=True)
class _OfSplit:
    """Every item under one split, sorted by item, and the part of each, ``(items,)``."""

    task: Classes | Traces
    items: Items
    part: np.ndarray

    def __post_init__(self) -> None:
        assert self.part.shape == (len(self.items),)

    @property
    def names(self) -> tuple[str, ...]:
        """Item names, in the order of the rows."""
        return self.items.names


@dataclass(frozen=True)
class Posteriors(_OfSplit):
    """Posteriors of every item under one split.

    Attributes
    ----------
    task
        Whose classes they are.
    items
        Rows of the item table, sorted by item.
    part
        ``train``, ``choose`` or ``test`` for each item, ``(items,)``.
    probabilities
        ``(items, classes)`` float64, rows sum to one.
    logits
        ``(items, classes)`` float64 before the softmax, or None where the model has none.
    """

    task: Classes
    probabilities: np.ndarray
    logits: np.ndarray | None

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.probabilities.shape == (len(self.items), self.task.outputs)
        assert self.logits is None or self.logits.shape == self.probabilities.shape

    @property
    def labels(self) -> np.ndarray:
        """True class of each item, ``(items,)`` int64."""
        return self.task.labels(self.items)

    @property
    def predicted(self) -> np.ndarray:
        """Most probable class of each item, ``(items,)`` int64."""
        return self.probabilities.argmax(axis=1)

    def only(self, part: str) -> Posteriors:
        """The rows of one part."""
        chosen = self.part == part
        return replace(
            self,
            items=self.items.where(chosen),
            part=self.part[chosen],
            probabilities=self.probabilities[chosen],
            logits=None if self.logits is None else self.logits[chosen],
        )


@dataclass(frozen=True)
class TracePredictions(_OfSplit):
    """Predicted traces of every item under one split; ``traces`` are ``(steps, dimensions)``."""

    task: Traces
    traces: Ragged

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.traces.items == self.names
        assert self.traces.values.shape[1:] == (self.task.outputs,)

    def only(self, part: str) -> TracePredictions:
        """The items of one part."""
        chosen = self.part == part
        items = self.items.where(chosen)
        return replace(
            self, items=items, part=self.part[chosen], traces=self.traces.only(items.names)
        )


Predictions = Posteriors | TracePredictions
Some = TypeVar("Some", Posteriors, TracePredictions)


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write a table of predictions as CSV with full float precision, rows sorted by item."""
    table = pd.DataFrame({"item": predictions.names, "part": predictions.part})
    if isinstance(predictions, Posteriors):
        table[predictions.task.probability_columns] = predictions.probabilities
        if predictions.logits is not None:
            table[predictions.task.logit_columns] = predictions.logits
        table = table.sort_values("item")
    else:
        table = table.loc[np.repeat(table.index, np.diff(predictions.traces.offsets))]
        table["step"] = table.groupby("item").cumcount()
        table[list(predictions.task.names)] = predictions.traces.values
        table = table.sort_values(["item", "step"])
    with writing(path) as unfinished:
        table.to_csv(unfinished, index=False)


def read_predictions(path: Path, task: Classes | Traces, items: Items) -> Predictions:
    """Read and check a table of predictions of a task, of items of the corpus.

    Raises
    ------
    UserError
        If the file is not such a table: missing or unknown columns, a doubled or unknown item, an
        unknown part, a value that is not finite, a row that does not sum to one, steps that do not
        follow each other, or a speaker both trained on and not.
    """
    if isinstance(task, Classes):
        return _read_posteriors(path, task, items)
    return _read_traces(path, task, items)


def _read_posteriors(path: Path, task: Classes, items: Items) -> Posteriors:
    optional = set(task.logit_columns)
    table = _read_cells(path, ["item", "part", *task.probability_columns], optional)
    table = table.sort_values("item", ignore_index=True)
    doubled = table["item"][table["item"].duplicated()]
    if not doubled.empty:
        raise UserError(f"{path} holds item {doubled.iloc[0]!r} twice: keep one row per item")
    chosen = _known_items(path, table, items)
    logits = None
    if given := optional & set(table.columns):
        if lacking := sorted(optional - given):
            raise UserError(f"{path} has logits, but lacks {', '.join(lacking)}: add them")
        logits = _finite(path, table, task.logit_columns)
    probabilities = _finite(path, table, task.probability_columns)
    sums = probabilities.sum(axis=1)
    off = np.flatnonzero((np.abs(sums - 1) > 1e-4) | (probabilities < 0).any(axis=1))
    if off.size:
        raise UserError(
            f"{path}: the probabilities of {table['item'][off[0]]} are not a distribution (sum "
            f"{sums[off[0]]:.6g}): write softmax outputs in the order of the columns"
        )
    return Posteriors(task, chosen, table["part"].to_numpy(str), probabilities, logits)


def _read_traces(path: Path, task: Traces, items: Items) -> TracePredictions:
    table = _read_cells(path, ["item", "part", "step", *task.names], set())
    table["step"] = _finite(path, table, ["step"])[:, 0]
    table = table.sort_values(["item", "step"], ignore_index=True)
    values = _finite(path, table, list(task.names))
    off = np.flatnonzero(table["step"] != table.groupby("item").cumcount())
    if off.size:
        raise UserError(
            f"{path}: the steps of {table['item'][off[0]]!r} are not 0, 1, 2 and so on: write "
            "every step once"
        )
    if table.groupby("item")["part"].nunique().gt(1).any():
        raise UserError(f"{path}: an item's steps are in several parts: write one part per item")
    starts = np.flatnonzero(table["step"] == 0)
    rows = table.iloc[starts].reset_index(drop=True)
    chosen = _known_items(path, rows, items)
    traces = Ragged(chosen.names, values, np.append(starts, len(table)), task.rate)
    return TracePredictions(task, chosen, rows["part"].to_numpy(str), traces)


def _read_cells(path: Path, needed: list[str], optional: set[str]) -> pd.DataFrame:
    """The table as text, its columns by title."""
    try:
        # Titles are read as a row: pandas would rename doubled ones and shift rows that are longer.
        cells = pd.read_csv(path, header=None, dtype=str)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} cannot be read as a table of predictions ({reason}): export it again"
        ) from error
    titles = list(cells.iloc[0].fillna(""))
    for title in titles:
        if title not in {*needed, *optional}:
            raise UserError(f"{path} has a column {title!r}, which is not known: remove it")
        if titles.count(title) > 1:
            raise UserError(f"{path} has the column {title!r} twice: keep one")
    missing = [name for name in needed if name not in titles]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: add them")
    table = cells.iloc[1:].set_axis(titles, axis="columns").reset_index(drop=True)
    if table.empty:
        raise UserError(f"{path} holds column titles only: export it again")
    if not set(table["part"]) <= set(PARTS):
        raise UserError(f"{path}: column part may only hold {', '.join(PARTS)}")
    if table["item"].isna().any():
        raise UserError(f"{path} has a row with no item: name it or remove it")
    return table


def _finite(path: Path, table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The columns as float64; a UserError where one is not a finite number."""
    values = table[columns].map(_number).to_numpy(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise UserError(
            f"{path}: {columns[column]} of {table['item'][row]!r} is not a finite number: mend or "
            "re-export the table"
        )
    return values


def _number(cell: object) -> float:
    """The number that a cell is, NaN where it is none; pandas would be off by a last bit."""
    try:
        return float(cell) if "_" not in cell else np.nan
    except (TypeError, ValueError):  # an empty cell is no text
        return np.nan


def _known_items(path: Path, table: pd.DataFrame, items: Items) -> Items:
    """The rows' items, all of the corpus, no speaker in two parts."""
    try:
        chosen = items.of(table["item"])
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    parts = table["part"].groupby(chosen.speakers).unique()
    for speaker, found in parts[parts.map(len) > 1].items():
        words = {TRAIN: "trained on", CHOOSE: "chosen by", TEST: "tested on"}
        said = " and ".join(words[part] for part in PARTS if part in found)
        raise UserError(
            f"{path}: {SPEAKER} {speaker} is {said}, but a split holds out whole speakers"
        )
    return chosen


def posteriors_of(task: Classes, items: Items, part: np.ndarray, logits: np.ndarray) -> Posteriors:
    """Posteriors from logits ``(items, classes)`` by the softmax, in float64."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return Posteriors(task, items, part, probabilities, logits)


def tested(predictions: Some, whose: str = "a table of predictions", where: str = "") -> Some:
    """The rows of the test part; a UserError that says ``whose`` and ``where`` if there is none."""
    chosen = predictions.only(TEST)
    if not chosen.names:
        raise UserError(f"{whose} has no row of the part test{where}: give them")
    return chosen
