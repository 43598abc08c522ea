"""Fine-tuning AlexNet on images of spectrograms, in the fit loop.

Source: paper sections 3.2.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.models import AlexNet

from mmer.media.spectrogram_image import spectrogram_images
from mmer.models.alexnet import AlexNetSettings
from mmer.models.base import ModelJob
from mmer.models.networks.alexnet import build_alexnet, load_alexnet, network_input
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.foreign_checkpoint import start_from
from mmer.training.job import train_and_write
from mmer.training.labelled import ClassTraining
from mmer.training.recordings import ItemsOnDevice, load_recordings

FROZEN_LAYERS = {"all": 0, "last_convolution": 10, "classifier": 13}
"""How many layers of ``features`` each choice of the setting ``trainable`` leaves as they are."""


def train(job: ModelJob) -> None:
    """Start from the configured weights, train and write."""
    settings = job.settings(AlexNetSettings)
    device = prepare_device(job.seed)
    network = build_alexnet(job.classes.outputs, settings.width)
    start_from(network, settings.weights, job.weights, load_alexnet)

    def images(waveforms: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(spectrogram_images(waveforms, settings.image)).to(device)

    items = load_recordings(job, settings.clip_seconds, images)
    training = AlexNetFineTuning(network.to(device), items, settings)
    plan = FitPlan.of(settings, "accuracy", job.seed)
    train_and_write(job, training, plan, settings, settings.weights)


class AlexNetFineTuning(ClassTraining):
    """An AlexNet that learns the classes of one split's items.

    Layers that the settings leave as they are become frozen; they give the same output in every
    epoch, so each image passes through them once.
    """

    at_once = 64

    def __init__(self, network: AlexNet, items: ItemsOnDevice, settings: AlexNetSettings) -> None:
        super().__init__(network, items, settings)
        frozen = FROZEN_LAYERS[settings.trainable]
        self._frozen, self._trained = network.features[:frozen], network.features[frozen:]
        self._frozen.requires_grad_(False)
        self._passed = self._through_frozen() if frozen else None
        self.optimizer = torch.optim.SGD(
            [parameter for parameter in network.parameters() if parameter.requires_grad],
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )

    @torch.no_grad()
    def _through_frozen(self) -> Tensor:
        """What the frozen layers make of every item, ``(items, channels, height, width)``."""
        return torch.cat(
            [
                self._frozen(network_input(some, self.settings.normalise))
                for some in self.items.inputs.split(self.at_once)
            ]
        )

    def forward(self, rows: Tensor) -> Tensor:
        rows = rows.to(self.items.labels.device, non_blocking=True)
        if self._passed is None:
            return self.network(network_input(self.items.inputs[rows], self.settings.normalise))
        maps = self.network.avgpool(self._trained(self._passed[rows]))
        return self.network.classifier(maps.flatten(1))
