"""Which items are drawn frame by frame: analogues of figures of the paper.

The paper shows items of the model that lets frames vote; which ones they are it does not say, so
the most telling ones of this run are taken by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import softmax

from mmer.evaluation.paper_description import Example
from mmer.items import Items
from mmer.models.networks.voting import vote
from mmer.protocol import TEST, Split
from mmer.ragged import read_ragged
from mmer.tasks import Classes


@dataclass(frozen=True)
class ShownItem:
    """An item as a model saw it that was not trained on its speaker.

    Attributes
    ----------
    split
        The split that tests on it.
    classes
        Those that frames vote for.
    logits
        Of every frame that the model saw, ``(frames, classes)`` float32.
    """

    name: str
    true: str
    split: str
    classes: tuple[str, ...]
    logits: np.ndarray

    @cached_property
    def predicted(self) -> str:
        """The class that the frames vote for."""
        return self.classes[int(vote(self.logits).argmax())]

    @property
    def posteriors(self) -> np.ndarray:
        """Of every frame, ``(frames, classes)`` float64, rows sum to one."""
        return softmax(self.logits.astype(np.float64), axis=1)

    def share(self, name: str) -> float:
        """Share of the frames that vote for a class."""
        return float(np.mean(np.array(self.classes)[self.logits.argmax(axis=1)] == name))


def shown_items(
    frame_logits: Mapping[str, Path],
    splits: Iterable[Split],
    items: Items,
    task: Classes,
    voters: Classes,
) -> dict[str, ShownItem]:
    """Every item under the split that tests on it, sorted by name.

    ``frame_logits`` are files by split, ``voters`` the classes that frames vote for.
    """
    found = {}
    for split in splits:
        if split.name not in frame_logits:
            continue
        logits = read_ragged([frame_logits[split.name]])
        described = items.of(logits.items)
        true = described.column(task.column)
        tested = (split.parts_of(described) == TEST) & task.labelled(described)
        for row in np.flatnonzero(tested):
            name, classes = logits.items[row], voters.names
            found[name] = ShownItem(name, true[row], split.name, classes, logits.of(row))
    return dict(sorted(found.items()))


def choose(example: Example, items: Mapping[str, ShownItem]) -> ShownItem | None:
    """The item that shows an example best; None where no item has its class.

    Of the items of that class that are taken for the example's prediction, the one with the most
    frames taken for what its frames shall be taken for; where none is taken for that prediction,
    the one of all items of that class.  Of equals, the first by name.
    """
    of_class = [item for item in items.values() if item.true == example.true]

    def rank(item: ShownItem) -> tuple[bool, float]:
        return item.predicted == example.predicted, item.share(example.seen)

    return max(of_class, key=rank, default=None)
