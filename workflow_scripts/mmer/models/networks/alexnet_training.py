"""Fine-tuning AlexNet on images of spectrograms, in the fit loop.

Source: paper sections 3.2.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import AlexNet

from mmer.media.spectrogram_image import spectrogram_images
from mmer.models.alexnet import AlexNetSettings
from mmer.models.base import ModelJob
from mmer.models.networks.alexnet import network_input
from mmer.models.networks.alexnet_checkpoint import initial_alexnet
from mmer.predictions import Posteriors
from mmer.runtime.job import Compute
from mmer.training.fit import FitPlan
from mmer.training.job import prepare_device, train_and_write
from mmer.training.recordings import ItemsOnDevice, load_recordings
from mmer.training.scores import accuracy_and_recall

FROZEN_LAYERS = {"all": 0, "last_convolution": 10, "classifier": 13}
"""How many layers of ``features`` each choice of the setting ``trainable`` leaves as they are."""
ITEMS_AT_ONCE = 64
"""Items per pass without gradients: bounds its memory."""


def train(job: ModelJob) -> None:
    """Start from the configured weights, train and write."""
    settings = job.settings(AlexNetSettings)
    device = prepare_device(job, Compute.from_environment())
    network = initial_alexnet(
        settings.weights, settings.width, job.classes.outputs, job.weights
    ).to(device)

    def images(waveforms: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(spectrogram_images(waveforms, settings.image)).to(device)

    items = load_recordings(job, settings.clip_seconds, images)
    training = AlexNetFineTuning(network, items, settings)
    train_and_write(job, training, fit_plan(settings, job.seed), settings, settings.weights)


def fit_plan(settings: AlexNetSettings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    return FitPlan(
        max_steps=None,
        max_epochs=settings.max_epochs,
        evaluate_every=None,
        patience=settings.patience,
        keep=settings.keep,
        watch="accuracy",
        clip_gradient_norm=None,
        seed=seed,
    )


class AlexNetFineTuning:
    """An AlexNet that learns the classes of one split's items.

    Frozen layers give the same output in every epoch, so each image passes through them once.

    Parameters
    ----------
    network
        On the device of ``items``; layers that the settings leave as they are become frozen.
    items
        Those to train on and those to choose by.
    settings
        Optimiser, batches and what is trained.
    """

    def __init__(self, network: AlexNet, items: ItemsOnDevice, settings: AlexNetSettings) -> None:
        self.network = network
        self.items = items
        self.settings = settings
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
                for some in self.items.inputs.split(ITEMS_AT_ONCE)
            ]
        )

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Rows of all training items in random order; the last batch may be smaller."""
        train = self.items.training_rows
        order = train[torch.randperm(len(train), generator=generator)]
        yield from order.split(self.settings.batch_size)

    def loss(self, batch: Tensor) -> Tensor:
        """Cross-entropy of a batch of rows."""
        rows = batch.to(self.items.labels.device)
        return functional.cross_entropy(self._forward(rows), self.items.labels[rows])

    def scores(self) -> dict[str, float]:
        """Accuracy, unweighted average recall and loss on the items that choose."""
        rows = self.items.choosing_rows
        labels = self.items.labels[rows.to(self.items.labels.device)]
        logits = self.logits(rows)
        loss = functional.cross_entropy(logits, labels).item()
        return {**accuracy_and_recall(logits, labels), "loss": loss}

    def predictions(self) -> Posteriors:
        """Posteriors of every item, training ones too, from the network as it is."""
        return self.items.posteriors(self.logits(torch.arange(len(self.items))))

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of some rows in eval mode, ``(rows, classes)`` float32 on the device."""
        self.network.eval()
        some = rows.to(self.items.labels.device).split(ITEMS_AT_ONCE)
        return torch.cat([self._forward(part) for part in some])

    def _forward(self, rows: Tensor) -> Tensor:
        """Logits of some rows in the network's mode."""
        if self._passed is None:
            return self.network(network_input(self.items.inputs[rows], self.settings.normalise))
        maps = self.network.avgpool(self._trained(self._passed[rows]))
        return self.network.classifier(maps.flatten(1))
