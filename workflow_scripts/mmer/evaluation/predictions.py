"""Predictions of one system's tested items: the one thing that every statistic is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import TEST
from mmer.runtime.errors import UserError
from mmer.tasks import Classes


class Tested(Protocol):
    """What is said of the items that a split tests on."""

    @property
    def items(self) -> Items:
        """Rows of the item table, sorted by item."""


Fold = TypeVar("Fold", bound=Tested)


@dataclass(frozen=True)
class FoldPredictions:
    """Classes predicted for the items that a split tests on.

    Attributes
    ----------
    task
        Whose classes they are.
    items
        Rows of the item table, sorted by item, at least one.
    predicted
        Class of each item, ``(items,)`` int64.
    probabilities
        ``(items, classes)`` float64, rows sum to one; None where the recogniser gives only
        classes, as a support vector machine does.
    """

    task: Classes
    items: Items
    predicted: np.ndarray
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert len(self.items) and self.predicted.shape == (len(self.items),)
        shape = (len(self.items), self.task.outputs)
        assert self.probabilities is None or self.probabilities.shape == shape
        assert list(self.items.names) == sorted(self.items.names), "items are sorted"

    @cached_property
    def true(self) -> np.ndarray:
        """True class of each item, ``(items,)`` int64."""
        return self.task.labels(self.items)

    @property
    def correct(self) -> np.ndarray:
        """Whether each item was recognised, ``(items,)`` bool."""
        return self.predicted == self.true


@dataclass(frozen=True)
class Constant:
    """An accuracy from the literature: not measured here, so without folds.

    Attributes
    ----------
    accuracy
        In percent.
    source
        Who measured it.
    """

    accuracy: float
    source: str


@dataclass(frozen=True)
class System(Generic[Fold]):
    """One recogniser and what it said about every tested item.

    Attributes
    ----------
    name
        Short and unique.
    title
        What tables and figures call it.
    modality
        ``speech``, ``face``, ``text`` or ``fusion``.
    variant
        ``vad`` or ``full``; for fusion free, for example the name of the mixture.
    folds
        Predictions by name of the split; empty where the system was not run or is a constant.
    not_run
        Why the system was not run, else None.
    constant
        What stands in the place of predictions, else None.
    note
        What a reader must know to judge its numbers, or nothing.
    """

    name: str
    title: str
    modality: str
    variant: str
    folds: Mapping[str, Fold]
    not_run: str | None = None
    constant: Constant | None = None
    note: str = ""

    def __post_init__(self) -> None:
        given = [bool(self.folds), self.not_run is not None, self.constant is not None]
        assert sum(given) == 1, "a system has folds or a reason or is a constant"
        items = [name for fold in self.folds.values() for name in fold.items.names]
        if len(set(items)) < len(items):
            raise UserError(
                f"system {self.name} is tested on some item in two splits: evaluate splits whose "
                "tested speakers differ"
            )


def those_run(systems: Sequence[System[Fold]]) -> list[System[Fold]]:
    """The systems that have predictions."""
    return [system for system in systems if system.folds]


def check_same_items(systems: Sequence[System]) -> None:
    """Refuse to compare systems that were not tested on the same items.

    Raises
    ------
    UserError
        If two were not.
    """
    tested = [{n for fold in system.folds.values() for n in fold.items.names} for system in systems]
    for other, items in zip(systems[1:], tested[1:], strict=True):
        differing = sorted(tested[0] ^ items)
        if differing:
            raise UserError(
                f"systems {systems[0].name} and {other.name} were not evaluated on the same items "
                f"({len(differing)} differ, the first {differing[0]}): give predictions of the "
                "same splits"
            )


def correct_by_item(system: System[FoldPredictions]) -> dict[str, bool]:
    """Whether each tested item was recognised."""
    return {
        name: bool(correct)
        for fold in system.folds.values()
        for name, correct in zip(fold.items.names, fold.correct, strict=True)
    }


def from_posteriors(name: str, split: str, posteriors: Posteriors) -> FoldPredictions:
    """The most probable class of each tested item.

    Raises
    ------
    UserError
        If the posteriors hold no tested item.
    """
    tested = posteriors.only(TEST)
    if not len(tested.items):
        raise UserError(f"system {name} has no row of the part test in {split}: give them")
    return FoldPredictions(tested.task, tested.items, tested.predicted, tested.probabilities)


def from_fusion(rows: pd.DataFrame, task: Classes, items: Items) -> FoldPredictions:
    """Predictions of one fusion candidate on one split, from :mod:`mmer.fusion.tables`."""
    rows = rows.sort_values("item")
    probabilities = rows[task.probability_columns].to_numpy(np.float64)
    return FoldPredictions(
        task,
        items.of(rows["item"]),
        task.positions(list(rows["predicted"])),
        None if np.isnan(probabilities).any() else probabilities,
    )
