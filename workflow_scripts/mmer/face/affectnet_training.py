"""Training the spatial transformer on AffectNet, for valence or emotion: a task of the fit loop.

Source: paper sections 4.2 and 5.2; Luna-Jiménez et al. 2021, Guided Spatial Transformers for Facial
Expression Recognition (paper reference 60), whose code augments nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from mmer.face.affectnet_on_device import PicturesOnDevice
from mmer.face.fine_tuning import BLOCK, shuffled_batches, smallest_over_count
from mmer.face.settings import AffectNetSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.training.fit import FitPlan
from mmer.training.scores import accuracy_and_recall


def fit_plan(settings: AffectNetSettings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    return FitPlan(
        max_steps=None,
        max_epochs=settings.max_epochs,
        evaluate_every=None,
        patience=settings.patience,
        keep="best",
        watch="train_accuracy" if settings.held_out == "nothing" else "accuracy",
        clip_gradient_norm=None,
        seed=seed,
    )


class AffectNetTraining:
    """A spatial transformer that learns the classes of single pictures.

    Parameters
    ----------
    network
        As many classes as ``pictures``, on their device.
    pictures
        Training and held-out pictures.
    settings
        Optimiser, batches and class weights.
    """

    def __init__(
        self,
        network: GuidedSpatialTransformer,
        pictures: PicturesOnDevice,
        settings: AffectNetSettings,
    ) -> None:
        self.network = network
        self.pictures = pictures
        self.settings = settings
        self.optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        self._weights = None
        if settings.class_weights == "smallest_over_count":
            labels = pictures.labels_of(pictures.train_rows)
            self._weights = smallest_over_count(labels, len(pictures.classes))
        self._right: list[Tensor] = []

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training pictures in random order."""
        return shuffled_batches(self.pictures.train_rows, self.settings.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of pictures."""
        labels = self.pictures.labels_of(batch)
        logits = self.network(*self.pictures.pair(batch)).logits
        self._right.append((logits.detach().argmax(dim=1) == labels).sum())
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, float]:
        """Accuracy while training, over the pictures since the last call, and held-out scores.

        Checkpoints are written right after a call, so a resumed training counts the same pictures.
        """
        right = torch.stack(self._right).sum().item()
        self._right.clear()
        scores = {"train_accuracy": right / len(self.pictures.train_rows)}
        if not len(self.pictures.heldout_rows):
            return scores
        rows = self.pictures.heldout_rows
        logits = torch.cat(
            [self.network(*self.pictures.pair(block)).logits for block in rows.split(BLOCK)]
        )
        labels = self.pictures.labels_of(rows)
        loss = functional.cross_entropy(logits, labels, weight=self._weights).item()
        return scores | accuracy_and_recall(logits, labels) | {"loss": loss}
