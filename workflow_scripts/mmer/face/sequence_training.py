"""Training the bi-LSTM on the frames' features: the task of the fit loop.

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

from mmer.corpus.labels import CLASS_COUNT
from mmer.face.bilstm import BiLstm, SequenceOutput
from mmer.face.fine_tuning import run_over
from mmer.face.frames_on_device import FramesOnDevice
from mmer.face.settings import Architecture, BiLstmSettings, Layer
from mmer.face.spatial_transformer import GuidedSpatialTransformer, SpatialTransformerOutput
from mmer.posteriors import Posteriors
from mmer.store import Ragged
from mmer.training.fit import FitPlan


@dataclass(frozen=True)
class Sequences:
    """Features of every frame of every clip.

    Attributes
    ----------
    clips
        Clip names.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    features
        ``(frames, width)`` float32 on the device, one clip after the other.
    offsets
        ``(clips + 1,)`` int64: the frames of clip ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    labels
        ``(clips,)`` int64 on the device.
    rate
        Frames per second.
    """

    clips: tuple[str, ...]
    part: np.ndarray
    features: Tensor
    offsets: np.ndarray
    labels: Tensor
    rate: float

    def rows(self, part: str) -> Tensor:
        """Positions of the clips of one part, int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))

    def batch(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Padded features ``(clips, longest, width)`` and lengths ``(clips,)`` on the CPU."""
        offsets = self.offsets
        parts = [self.features[offsets[clip] : offsets[clip + 1]] for clip in clips.tolist()]
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
        frames.clips, frames.part, features, frames.offsets, frames.clip_labels, frames.rate
    )


def build_network(width: int, architecture: Architecture, dropout: float) -> BiLstm:
    """A network with random weights, drawn from torch's global generator."""
    return BiLstm(
        width=width,
        units=architecture.units,
        layers=architecture.layers,
        attention_layers=architecture.attention_layers,
        dropout=dropout,
        classes=CLASS_COUNT,
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


def balanced_weights(labels: Tensor) -> Tensor:
    """Class weights ``(classes,)``: items / (classes present · items of the class)."""
    counts = torch.bincount(labels, minlength=CLASS_COUNT).float()
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp(min=1)), 0.0)


class SequenceTraining:
    """A bi-LSTM that learns the emotions of one split from sequences of features."""

    def __init__(self, network: BiLstm, sequences: Sequences, settings: BiLstmSettings) -> None:
        self.network = network
        self.sequences = sequences
        self.settings = settings
        self.optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._labels = sequences.labels
        self._train = sequences.rows("train")
        self._weights = None
        if settings.class_weights == "balanced":
            self._weights = balanced_weights(self._labels[self._train.to(self._labels.device)])

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training clips in random order."""
        order = torch.randperm(len(self._train), generator=generator)
        yield from self._train[order].split(self.settings.batch_size)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of clips."""
        logits = self.network(*self.sequences.batch(batch)).logits
        labels = self._labels[batch.to(self._labels.device)]
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, float]:
        """Weighted F1, accuracy and loss on the held-out clips."""
        rows = self.sequences.rows("heldout")
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
        """Posteriors of every clip, and the attention weight of every frame ``(frames,)``."""
        self.network.eval()
        sequences = self.sequences
        outputs = list(self._run(torch.arange(len(sequences.clips))))
        logits = torch.cat([output.logits for output in outputs]).double().cpu()
        rows = [row for output in outputs for row in output.attention.float().cpu().numpy()]
        lengths = np.diff(sequences.offsets)
        attention = [row[:length] for row, length in zip(rows, lengths, strict=True)]
        posteriors = Posteriors(
            sequences.clips, sequences.part, logits.softmax(dim=1).numpy(), logits.numpy()
        )
        return posteriors, Ragged.join(sequences.clips, attention, sequences.rate)

    def _run(self, clips: Tensor) -> Iterator[SequenceOutput]:
        """The network's outputs for some clips, in order, batch by batch."""
        for part in clips.split(self.settings.batch_size):
            yield self.network(*self.sequences.batch(part))
