"""The task of naming one class per item.

Every step knows its task, so torch is not imported here: a new version of it would repeat them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mmer.items import Items
from mmer.runtime.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


class Classes(BaseModel):
    """Classes and the column of the item table that names each item's.

    Attributes
    ----------
    names
        In the order of a network's outputs.
    column
        Of the item table; an empty cell takes an item out of the task.
    shared
        Classes that another corpus may lack, each with the class whose posterior it then shares.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["classes"] = "classes"
    names: tuple[str, ...] = Field(min_length=2)
    column: str
    shared: dict[str, str] = {}

    watch: str = "accuracy"
    """The score by which weights are chosen where a family has no other."""

    @model_validator(mode="after")
    def _known_once(self) -> Classes:
        if len(set(self.names)) < len(self.names):
            raise ValueError("name each class once")
        if not {*self.shared, *self.shared.values()} <= set(self.names):
            raise ValueError("only classes of the task can share a posterior")
        return self

    @property
    def outputs(self) -> int:
        """Neurons of a network's last layer."""
        return len(self.names)

    @property
    def probability_columns(self) -> list[str]:
        """Columns of a predictions table with probabilities."""
        return [f"p_{name}" for name in self.names]

    @property
    def logit_columns(self) -> list[str]:
        """Columns of a predictions table with values before the softmax."""
        return [f"logit_{name}" for name in self.names]

    def labelled(self, items: Items) -> np.ndarray:
        """Which items have a class, ``(items,)`` bool."""
        return items.column(self.column) != ""

    def labels(self, items: Items) -> np.ndarray:
        """The class of each item by its position in ``names``, ``(items,)`` int64.

        A UserError if an item has another class, or none.
        """
        return self.positions(items.column(self.column), items.names)

    def positions(self, words: Sequence[str], of: Sequence[str] = ()) -> np.ndarray:
        """The position of each word in ``names``, ``(words,)`` int64."""
        words = [str(word) for word in words]
        position = {name: index for index, name in enumerate(self.names)}
        for row, word in enumerate(words):
            if word not in position:
                whose = f"item {of[row]} has" if len(of) else "there is"
                raise UserError(
                    f"{whose} {self.column} {word!r}, which is none of {', '.join(self.names)}: "
                    "mend the item table"
                )
        return np.array([position[word] for word in words], dtype=np.int64)

    def from_fewer(self, posteriors: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Posteriors of all classes from those of a network that lacks some.

        A class that the network lacks gets the posterior of the class that it shares; then all are
        renormalised.  Source: paper section 4.2, "we had to assimilate the same posterior for the
        'Calm' and 'Neutral' classes".

        ``posteriors`` are ``(items, len(names))``; ``names`` are the network's classes, a part of
        these, in any order.
        """
        column = {name: index for index, name in enumerate(names)}
        taken = [column[name if name in column else self.shared[name]] for name in self.names]
        if taken == list(range(len(names))):
            return posteriors
        # Not by an index: that changes the order in memory, and so the sum's last bit.
        shared = np.take(posteriors, taken, axis=1)
        return shared / shared.sum(axis=1, keepdims=True)

    def lacking(self, names: Sequence[str]) -> list[str]:
        """Classes that a network of other classes can say nothing of, not even by sharing."""
        known = set(names)
        return [n for n in self.names if n not in known and self.shared.get(n) not in known]

    def counted_as_one(self, names: Sequence[str]) -> list[list[str]]:
        """Groups of classes that a network of fewer classes cannot tell apart."""
        return [[self.shared[name], name] for name in self.names if name not in set(names)]

    def loss(self, outputs: Tensor, targets: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Cross-entropy of logits ``(batch, classes)`` and labels ``(batch,)``.

        Targets may be shares ``(batch, classes)`` instead, as of mixed items.
        """
        if targets.ndim == 2:
            return -(outputs.log_softmax(dim=1) * targets).sum(dim=1).mean()
        return -outputs.log_softmax(dim=1).gather(1, targets[:, None]).mean()

    def scores(
        self, outputs: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> dict[str, float]:
        """Scores while training, in [0, 1]; the recall is over the classes that have items."""
        right = (outputs.argmax(dim=1) == targets).double()
        recalls = [right[targets == label].mean().item() for label in targets.unique()]
        return {
            "accuracy": right.mean().item(),
            "unweighted_average_recall": right.new_tensor(recalls).mean().item(),
        }
