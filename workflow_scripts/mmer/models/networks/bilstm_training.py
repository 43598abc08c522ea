"""Training the bi-LSTM on the frames' features: a training of the fit loop.

Source: paper sections 3.3 and 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmer.items import Items
from mmer.models.networks.bilstm import BiLstm
from mmer.models.networks.spatial_transformer import (
    GuidedSpatialTransformer,
    SpatialTransformerOutput,
    run_over,
)
from mmer.models.sequence_settings import Architecture, Layer, SequenceSettings
from mmer.predictions import Posteriors
from mmer.ragged import Ragged
from mmer.runtime.writing import writing
from mmer.tasks import Classes
from mmer.training.fit import FitPlan
from mmer.training.frames import FramesOnDevice
from mmer.training.labelled import ClassTraining, LabelledItems


@dataclass(frozen=True, kw_only=True)
class Sequences(LabelledItems):
    """Features of every frame of every item.

    Attributes
    ----------
    features
        ``(frames, width)`` float32 on the device, one item after the other.
    offsets
        ``(items + 1,)`` int64: the frames of item ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    rate
        Frames per second.
    """

    features: Tensor
    offsets: np.ndarray
    rate: float

    def batch(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Padded features ``(items, longest, width)`` and lengths ``(items,)`` on the CPU."""
        offsets = self.offsets
        parts = [self.features[offsets[item] : offsets[item + 1]] for item in items.tolist()]
        lengths = torch.tensor([len(part) for part in parts])
        return pad_sequence(parts, batch_first=True), lengths


@dataclass(frozen=True, kw_only=True)
class StoredSequences:
    """Features in a file, which the processes that train map into their memory.

    It holds no tensor: one that goes to another process goes through shared memory, of which a
    container has little, and keeps a descriptor open.

    Attributes
    ----------
    task, items, part, choosing_parts, offsets, rate
        As :class:`Sequences` has them.
    file
        ``(frames, width)`` float32, nothing else.
    """

    task: Classes
    items: Items
    part: np.ndarray
    choosing_parts: tuple[str, ...]
    offsets: np.ndarray
    rate: float
    file: Path

    def on(self, device: torch.device) -> Sequences:
        """These features on a device; the CPU reads them from the file as they are needed."""
        # Copied where written to: torch knows no array that is only read.
        features = np.memmap(self.file, np.float32, mode="c").reshape(self.offsets[-1], -1)
        about = {name: value for name, value in vars(self).items() if name != "file"}
        return Sequences.on(device, features=torch.from_numpy(features).to(device), **about)


def store_sequences(
    network: GuidedSpatialTransformer, frames: FramesOnDevice, layer: Layer, file: Path
) -> StoredSequences:
    """Write features of all frames from one layer of a trained spatial transformer."""

    def chosen(output: SpatialTransformerOutput) -> Tensor:
        return output.logits.softmax(dim=1) if layer == "posteriors" else getattr(output, layer)

    with writing(file) as unfinished, unfinished.open("wb") as stream:
        for output in run_over(network, frames):
            stream.write(chosen(output).cpu().numpy().tobytes())
    return StoredSequences(
        task=frames.task,
        items=frames.items,
        part=frames.part,
        choosing_parts=frames.choosing_parts,
        offsets=frames.offsets,
        rate=frames.rate,
        file=file,
    )


def build_network(width: int, architecture: Architecture, dropout: float, classes: int) -> BiLstm:
    """A network with random weights, drawn from torch's global generator."""
    return BiLstm(width=width, dropout=dropout, classes=classes, **architecture.model_dump())


def fit_plan(settings: SequenceSettings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    plan = FitPlan.of(settings, "f1", seed)
    return replace(plan, clip_gradient_norm=settings.clip_gradient_norm)


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Class weights ``(classes,)``: items / (classes present · items of the class)."""
    counts = torch.bincount(labels, minlength=classes).float()
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp(min=1)), 0.0)


class SequenceTraining(ClassTraining):
    """A bi-LSTM that learns the classes of one split from sequences of features."""

    def __init__(self, network: BiLstm, sequences: Sequences, settings: SequenceSettings) -> None:
        super().__init__(network, sequences, settings)
        self.optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        if settings.class_weights == "balanced":
            labels = self.labels(self.train_rows)
            self.class_weights = balanced_weights(labels, sequences.task.outputs)

    def forward(self, rows: Tensor) -> Tensor:
        return self.network(*self.items.batch(rows)).logits

    def measures(self, logits: Tensor, labels: Tensor) -> dict[str, float]:
        """Weighted F1 and accuracy."""
        true, predicted = labels.cpu().numpy(), logits.argmax(dim=1).cpu().numpy()
        return {
            "f1": float(f1_score(true, predicted, average="weighted", zero_division=0)),
            "accuracy": float((true == predicted).mean()),
        }

    @torch.inference_mode()
    def results(self) -> tuple[Posteriors, Ragged]:
        """Posteriors of every item, and the attention weight of every frame ``(frames,)``."""
        self.network.eval()
        items = self.items
        batches = torch.arange(len(items.items)).split(self.settings.batch_size)
        outputs = [self.network(*items.batch(rows)) for rows in batches]
        posteriors = items.posteriors(torch.cat([output.logits for output in outputs]))
        rows = [row for output in outputs for row in output.attention.float().cpu().numpy()]
        lengths = np.diff(items.offsets)
        attention = [row[:length] for row, length in zip(rows, lengths, strict=True)]
        return posteriors, Ragged.join(items.items.names, attention, items.rate)
