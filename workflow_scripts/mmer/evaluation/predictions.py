"""Predictions of one system's tested items: the one thing that every statistic is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from mmer.items import Items
from mmer.predictions import Posteriors, tested
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

Fold = TypeVar("Fold")
"""What is said of the ``items`` that a split tests on, sorted and at least one."""


@dataclass(frozen=True)
class FoldPredictions:
    """Classes predicted for the items that a split tests on.

    Attributes
    ----------
    items
        Sorted by item, at least one.
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
class System(Generic[Fold]):
    """One recogniser and what it said about every tested item.

    Attributes
    ----------
    variant
        ``vad`` or ``full``; for fusion free, for example the name of the mixture.
    fed
        Of a fusion, the name of its inputs.
    folds
        Predictions by name of the split; empty where the system was not run or is a constant.
    not_run
        Why the system was not run, else None.
    constant, source
        An accuracy in percent or the CCC of each dimension, from the literature, and who measured
        it, else None.
    note
        What a reader must know to judge its numbers, or nothing.
    unlike_paper
        In what it was made unlike the paper's, by whose number it is then not judged; else None.
    """

    name: str
    title: str
    modality: str
    variant: str
    folds: Mapping[str, Fold]
    not_run: str | None = None
    constant: float | Mapping[str, float] | None = None
    source: str | None = None
    note: str = ""
    fed: str = ""
    unlike_paper: str | None = None

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
    """A UserError where systems to be compared were not tested on the same items."""
    items = [{n for fold in system.folds.values() for n in fold.items.names} for system in systems]
    for other, others in zip(systems[1:], items[1:], strict=True):
        differing = sorted(items[0] ^ others)
        if differing:
            raise UserError(
                f"systems {systems[0].name} and {other.name} were not evaluated on the same items "
                f"({len(differing)} differ, the first {differing[0]}): give predictions of the "
                "same splits"
            )


def correctness(systems: Sequence[System[FoldPredictions]]) -> np.ndarray:
    """Whether each item, sorted, was recognised by each system, ``(items, systems)`` int64.

    A UserError if two systems were not evaluated on the same items.
    """
    check_same_items(systems)
    columns = []
    for system in systems:
        names = [name for fold in system.folds.values() for name in fold.items.names]
        correct = np.concatenate([fold.correct for fold in system.folds.values()])
        columns.append(correct[np.argsort(names)])
    return np.stack(columns, axis=1).astype(np.int64)


def from_posteriors(name: str, split: str, posteriors: Posteriors) -> FoldPredictions:
    """The most probable class of each tested item; a UserError where none is tested."""
    found = tested(posteriors, f"system {name}", f" in {split}")
    return FoldPredictions(found.task, found.items, found.predicted, found.probabilities)
