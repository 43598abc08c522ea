"""Fine-tuning the spatial transformer on frames: the task of the fit loop.

Source: paper sections 3.3.2 and 4.2; every frame inherits the label of its clip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmer.corpus.labels import CLASS_COUNT
from mmer.face.frames_on_device import FramesOnDevice
from mmer.face.settings import SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, SpatialTransformerOutput
from mmer.face.voting import vote
from mmer.store import Ragged
from mmer.training.fit import FitPlan

BLOCK = 128
"""Frames per forward pass without gradients: what fits a CPU's cache is twice as fast as 1024."""


def fit_plan(settings: SpatialTransformerSettings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    return FitPlan(
        max_steps=None,
        max_epochs=settings.max_epochs,
        evaluate_every=None,
        patience=settings.patience,
        keep=settings.keep,
        watch=settings.watch,
        clip_gradient_norm=None,
        seed=seed,
    )


def smallest_over_count(labels: Tensor, classes: int = CLASS_COUNT) -> Tensor:
    """Class weights ``(classes,)``: items of the smallest class over items of each.

    A class without items gets the weight 0.
    """
    counts = torch.bincount(labels, minlength=classes).float()
    present = counts > 0
    return torch.where(present, counts[present].min() / counts.clamp(min=1), 0.0)


def shuffled_batches(rows: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows in random order, batch by batch; a single last one joins the batch before it."""
    parts = list(rows[torch.randperm(len(rows), generator=generator)].split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:  # batch norm would know one picture only
        parts[-2:] = [torch.cat(parts[-2:])]
    yield from parts


class SpatialTransformerFineTuning:
    """A spatial transformer that learns the emotions of one split from single frames."""

    def __init__(
        self,
        network: GuidedSpatialTransformer,
        frames: FramesOnDevice,
        settings: SpatialTransformerSettings,
    ) -> None:
        self.network = network
        self.frames = frames
        self.settings = settings
        self.optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        self._train_rows = frames.frame_rows("train", settings.frame_stride)
        self._labels = frames.clip_labels[frames.clip_of_frame]
        self._weights = None
        if settings.class_weights == "smallest_over_count":
            self._weights = smallest_over_count(self._labels[self._train_rows.to(frames.device)])

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training frames in random order."""
        return shuffled_batches(self._train_rows, self.settings.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of frames."""
        images, saliency = self.frames.pair(batch)
        labels = self._labels[batch.to(self.frames.device)]
        logits = self.network(images, saliency).logits
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, float]:
        """Accuracy and loss over held-out frames, accuracy over held-out clips by max voting."""
        heldout = self.frames.clip_rows("heldout")
        spans = [self.frames.offsets[clip : clip + 2] for clip in heldout]
        by_clip = [self.network(*self.frames.block(*span)).logits for span in spans]
        logits = torch.cat(by_clip)
        labels = self._labels[self.frames.frame_rows("heldout").to(self.frames.device)]
        voted = np.array([vote(of_clip.cpu().numpy()).argmax() for of_clip in by_clip])
        return {
            "frame_accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
            "clip_accuracy": float(
                (voted == self.frames.clip_labels.cpu().numpy()[heldout]).mean()
            ),
            "loss": functional.cross_entropy(logits, labels, weight=self._weights).item(),
        }


def logits_of_frames(network: GuidedSpatialTransformer, frames: FramesOnDevice) -> Ragged:
    """Logits of every frame of every clip, ``(frames, classes)`` float32."""
    blocks = [output.logits.cpu().numpy() for output in run_over(network, frames)]
    return Ragged(frames.clips, np.concatenate(blocks), frames.offsets, frames.rate)


@torch.inference_mode()
def run_over(
    network: GuidedSpatialTransformer, frames: FramesOnDevice
) -> Iterator[SpatialTransformerOutput]:
    """The network's layers for all frames in order, block by block, in evaluation mode."""
    network.eval()
    for start in range(0, len(frames.images), BLOCK):
        yield network(*frames.block(start, min(start + BLOCK, len(frames.images))))
