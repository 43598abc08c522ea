"""Training the spatial transformer on frames or pictures: a training of the fit loop.

Source: paper sections 3.3.2, 4.2 and 5.2; every frame inherits the class of its item.  Luna-Jiménez
et al. 2021, Guided Spatial Transformers for Facial Expression Recognition (paper reference 60),
whose code augments nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmer.models.networks.spatial_transformer import BLOCK, GuidedSpatialTransformer, run_over
from mmer.models.networks.voting import vote
from mmer.models.spatial_transformer import SpatialTransformerSettings
from mmer.protocol import TRAIN
from mmer.ragged import Ragged
from mmer.training.fit import FitPlan
from mmer.training.frames import FramesOnDevice


def fit_plan(settings: SpatialTransformerSettings, frames: FramesOnDevice, seed: int) -> FitPlan:
    """What the settings ask of the fit loop; the training accuracy stops where nobody chooses."""
    return FitPlan(
        max_steps=None,
        max_epochs=settings.max_epochs,
        evaluate_every=None,
        patience=settings.patience,
        keep=settings.keep,
        watch="train_accuracy" if frames.choosing_part == TRAIN else settings.watch,
        clip_gradient_norm=None,
        seed=seed,
    )


def smallest_over_count(labels: Tensor, classes: int) -> Tensor:
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


class SpatialTransformerTraining:
    """A spatial transformer that learns the classes of one split from single frames.

    Parameters
    ----------
    network
        As many classes as the task of ``frames``, on their device.
    frames
        Of the items that train and choose.
    settings
        Optimiser, batches and class weights.
    """

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
        self._train_rows = frames.frame_rows(TRAIN, settings.frame_stride)
        self._labels = frames.labels[frames.item_of_frame]
        self._weights = None
        if settings.class_weights == "smallest_over_count":
            labels = self._labels[self._train_rows.to(frames.device)]
            self._weights = smallest_over_count(labels, frames.task.outputs)
        self._right: list[Tensor] = []

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training frames in random order."""
        return shuffled_batches(self._train_rows, self.settings.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of frames."""
        images, saliency = self.frames.pair(batch)
        labels = self._labels[batch.to(self.frames.device)]
        logits = self.network(images, saliency).logits
        self._right.append((logits.detach().argmax(dim=1) == labels).sum())
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, float]:
        """Accuracy while training, over the frames since the last call, and that of who chooses.

        Of these: accuracy and loss over frames, and accuracy over items by max voting.  Checkpoints
        are written right after a call, so a resumed training counts the same frames.
        """
        right = torch.stack(self._right).sum().item() if self._right else 0
        self._right.clear()
        scores = {"train_accuracy": right / len(self._train_rows)}
        part = self.frames.choosing_part
        if part == TRAIN:
            return scores
        items = self.frames.item_rows(part)
        rows = self.frames.frame_rows(part)
        by_item = [self.network(*frames).logits for frames in self._to_score(items, rows)]
        logits = torch.cat(by_item)
        if self.frames.are_pictures:
            voted = logits.argmax(dim=1).cpu().numpy()
        else:
            voted = np.array([vote(of_item.cpu().numpy()).argmax() for of_item in by_item])
        labels = self._labels[rows.to(self.frames.device)]
        return scores | {
            "frame_accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
            "item_accuracy": float((voted == self.frames.labels.cpu().numpy()[items]).mean()),
            "loss": functional.cross_entropy(logits, labels, weight=self._weights).item(),
        }

    def _to_score(self, items: np.ndarray, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and maps, item by item; single pictures block by block."""
        if self.frames.are_pictures:
            yield from map(self.frames.pair, rows.split(BLOCK))
        else:
            for item in items:
                yield self.frames.block(*self.frames.offsets[item : item + 2])


def logits_of_frames(network: GuidedSpatialTransformer, frames: FramesOnDevice) -> Ragged:
    """Logits of every frame of every item, ``(frames, classes)`` float32."""
    blocks = [output.logits.cpu().numpy() for output in run_over(network, frames)]
    return Ragged(frames.items.names, np.concatenate(blocks), frames.offsets, frames.rate)
