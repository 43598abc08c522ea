"""Items with a class on the device, and what every training that learns these classes shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import TRAIN
from mmer.tasks import Classes


@dataclass(frozen=True, kw_only=True)
class LabelledItems:
    """The items of one split.

    Attributes
    ----------
    part
        ``train``, ``choose`` or ``test`` for each item, ``(items,)``; empty without a split.
    choosing_parts
        The parts by whose items weights are chosen, each its own; none without a split.
    labels
        ``(items,)`` int64 on the device.
    """

    task: Classes
    items: Items
    part: np.ndarray
    choosing_parts: tuple[str, ...]
    labels: Tensor

    @classmethod
    def on(
        cls, device: torch.device, task: Classes, items: Items, part: np.ndarray, **inputs: Any
    ) -> Self:
        """Items with their labels on a device; ``inputs`` is what a subclass has besides."""
        labels = torch.from_numpy(task.labels(items)).to(device)
        return cls(task=task, items=items, part=part, labels=labels, **inputs)

    def rows(self, part: str) -> Tensor:
        """Positions of the items of one part, int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))

    def posteriors(self, logits: Tensor) -> Posteriors:
        """Posteriors of all items, from their logits ``(items, classes)`` on any device."""
        logits = logits.double().cpu()
        probabilities = logits.softmax(dim=1).numpy()
        return Posteriors(self.task, self.items, self.part, probabilities, logits.numpy())


def shuffled_batches(rows: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows in random order, batch by batch; a single last one joins the batch before it."""
    parts = list(rows[torch.randperm(len(rows), generator=generator)].split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:  # batch norm would know one picture only
        parts[-2:] = [torch.cat(parts[-2:])]
    yield from parts


class ClassTraining(ABC):
    """A network that learns the class of each item; a subclass says how it sees some items.

    Parameters
    ----------
    network
        On the device of ``items``.
    settings
        With ``batch_size``; a subclass makes its optimiser of them.
    """

    optimizer: torch.optim.Optimizer
    class_weights: Tensor | None = None
    at_once: ClassVar[int | None] = None
    """Items per pass without gradients; None for a batch."""

    def __init__(self, network: nn.Module, items: LabelledItems, settings: Any) -> None:
        self.network = network
        self.items = items
        self.settings = settings
        self.train_rows = items.rows(TRAIN)

    @abstractmethod
    def forward(self, rows: Tensor) -> Tensor:
        """Logits of some rows, given on the CPU, in the network's mode; on the device."""

    def criterion(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of some items."""
        return functional.cross_entropy(logits, labels, weight=self.class_weights)

    def measures(self, logits: Tensor, labels: Tensor) -> dict[str, float]:
        """Scores of some items."""
        return self.items.task.scores(logits, labels)

    def labels(self, rows: Tensor) -> Tensor:
        """Labels of some rows, on the device."""
        return self.items.labels[rows.to(self.items.labels.device, non_blocking=True)]

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Rows of all training items in random order; the last batch may be smaller."""
        order = torch.randperm(len(self.train_rows), generator=generator)
        yield from self.train_rows[order].split(self.settings.batch_size)

    def loss(self, batch: Tensor) -> Tensor:
        """The loss of a batch of rows."""
        return self.criterion(self.forward(batch), self.labels(batch))

    def scores(self) -> dict[str, dict[str, float]]:
        """Scores, and the loss, on the items of each part by which weights are chosen."""
        return {part: self._scores_of(self.items.rows(part)) for part in self.items.choosing_parts}

    def _scores_of(self, rows: Tensor) -> dict[str, float]:
        logits, labels = self.logits(rows), self.labels(rows)
        return {**self.measures(logits, labels), "loss": self.criterion(logits, labels).item()}

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of some rows in eval mode, ``(rows, classes)`` float32 on the device."""
        self.network.eval()
        some = rows.split(self.at_once or self.settings.batch_size)
        return torch.cat([self.forward(part) for part in some])

    def predictions(self) -> Posteriors:
        """Posteriors of every item, training ones too, from the network as it is."""
        return self.items.posteriors(self.logits(torch.arange(len(self.items.items))))
