"""Training the bi-LSTM on the frames' features: a training of the fit loop.

Source: paper sections 3.3 and 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from mmer.items import Items
from mmer.models.bilstm import Architecture, BiLstmSettings, Layer
from mmer.models.networks.bilstm import BiLstm, SequenceOutput
from mmer.models.networks.spatial_transformer import (
    GuidedSpatialTransformer,
    SpatialTransformerOutput,
    run_over,
)
from mmer.predictions import Posteriors
from mmer.protocol import TRAIN
from mmer.ragged import Ragged
from mmer.tasks import Classes
from mmer.training.fit import FitPlan
from mmer.training.frames import FramesOnDevice


@dataclass(frozen=True)
class Sequences:
    """Features of every frame of every item.

    Attributes
    ----------
    task
        The items' classes.
    items
        Rows of the item table, in the order of the features.
    part
        ``train``, ``choose`` or ``test`` for each item, ``(items,)``.
    choosing_part
        The part by whose items weights are chosen.
    features
        ``(frames, width)`` float32 on the device, one item after the other.
    offsets
        ``(items + 1,)`` int64: the frames of item ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    labels
        ``(items,)`` int64 on the device.
    rate
        Frames per second.
    """

    task: Classes
    items: Items
    part: np.ndarray
    choosing_part: str
    features: Tensor
    offsets: np.ndarray
    labels: Tensor
    rate: float

    def rows(self, part: str) -> Tensor:
        """Positions of the items of one part, int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))

    def batch(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Padded features ``(items, longest, width)`` and lengths ``(items,)`` on the CPU."""
        offsets = self.offsets
        parts = [self.features[offsets[item] : offsets[item + 1]] for item in items.tolist()]
        lengths = torch.tensor([len(part) for part in parts])
        return pad_sequence(parts, batch_first=True), lengths


def sequences_of(
    network: GuidedSpatialTransformer, frames: FramesOnDevice, layer: Layer
) -> Sequences:
    """Features of all frames from one layer of a trained spatial transformer."""

    def chosen(output: SpatialTransformerOutput) -> Tensor:
        return output.logits.softmax(dim=1) if layer == "posteriors" else getattr(output, layer)

    features = torch.cat([chosen(output) for output in run_over(network, frames)])
    return Sequences(
        frames.task,
        frames.items,
        frames.part,
        frames.choosing_part,
        features,
        frames.offsets,
        frames.labels,
        frames.rate,
    )


def build_network(width: int, architecture: Architecture, dropout: float, classes: int) -> BiLstm:
    """A network with random weights, drawn from torch's global generator."""
    return BiLstm(
        width=width,
        units=architecture.units,
        layers=architecture.layers,
        attention_layers=architecture.attention_layers,
        dropout=dropout,
        classes=classes,
    )


def fit_plan(settings: BiLstmSettings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    return FitPlan(
        max_steps=None,
        max_epochs=settings.max_epochs,
        evaluate_every=None,
        patience=settings.patience,
        keep=settings.keep,
        watch="f1",
        clip_gradient_norm=settings.clip_gradient_norm,
        seed=seed,
    )


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Class weights ``(classes,)``: items / (classes present · items of the class)."""
    counts = torch.bincount(labels, minlength=classes).float()
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp(min=1)), 0.0)


class SequenceTraining:
    """A bi-LSTM that learns the classes of one split from sequences of features."""

    def __init__(self, network: BiLstm, sequences: Sequences, settings: BiLstmSettings) -> None:
        self.network = network
        self.sequences = sequences
        self.settings = settings
        self.optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._labels = sequences.labels
        self._train = sequences.rows(TRAIN)
        self._weights = None
        if settings.class_weights == "balanced":
            labels = self._labels[self._train.to(self._labels.device)]
            self._weights = balanced_weights(labels, sequences.task.outputs)

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training items in random order."""
        order = torch.randperm(len(self._train), generator=generator)
        yield from self._train[order].split(self.settings.batch_size)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of items."""
        logits = self.network(*self.sequences.batch(batch)).logits
        labels = self._labels[batch.to(self._labels.device)]
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, float]:
        """Weighted F1, accuracy and loss of the items that choose."""
        rows = self.sequences.rows(self.sequences.choosing_part)
        logits = torch.cat([output.logits for output in self._run(rows)])
        labels = self._labels[rows.to(self._labels.device)]
        true, predicted = labels.cpu().numpy(), logits.argmax(dim=1).cpu().numpy()
        return {
            "f1": float(f1_score(true, predicted, average="weighted", zero_division=0)),
            "accuracy": float((true == predicted).mean()),
            "loss": functional.cross_entropy(logits, labels, weight=self._weights).item(),
        }

    @torch.inference_mode()
    def results(self) -> tuple[Posteriors, Ragged]:
        """Posteriors of every item, and the attention weight of every frame ``(frames,)``."""
        self.network.eval()
        sequences = self.sequences
        outputs = list(self._run(torch.arange(len(sequences.items))))
        logits = torch.cat([output.logits for output in outputs]).double().cpu()
        rows = [row for output in outputs for row in output.attention.float().cpu().numpy()]
        lengths = np.diff(sequences.offsets)
        attention = [row[:length] for row, length in zip(rows, lengths, strict=True)]
        posteriors = Posteriors(
            sequences.task,
            sequences.items,
            sequences.part,
            logits.softmax(dim=1).numpy(),
            logits.numpy(),
        )
        return posteriors, Ragged.join(sequences.items.names, attention, sequences.rate)

    def _run(self, items: Tensor) -> Iterator[SequenceOutput]:
        """The network's outputs for some items, in order, batch by batch."""
        for part in items.split(self.settings.batch_size):
            yield self.network(*self.sequences.batch(part))
