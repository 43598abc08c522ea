"""Fine-tuning AlexNet on images of spectrograms: the task of the fit loop.

Source: paper sections 3.2.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import AlexNet

from mmer.posteriors import Posteriors
from mmer.speech.alexnet import network_input
from mmer.speech.alexnet_settings import AlexNetSettings
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.training.fit import FitPlan
from mmer.training.scores import accuracy_and_recall

FROZEN_LAYERS = {"all": 0, "last_convolution": 10, "classifier": 13}
"""How many layers of ``features`` each choice of the setting ``trainable`` leaves as they are."""
CLIPS_AT_ONCE = 64
"""Clips per pass without gradients: bounds its memory."""


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
    """An AlexNet that learns the emotions of one split.

    Frozen layers give the same output in every epoch, so each image passes through them once.

    Parameters
    ----------
    network
        On the device of ``clips``; layers that the settings leave as they are become frozen.
    clips
        Training and held-out clips.
    settings
        Optimiser, batches and what is trained.
    """

    def __init__(self, network: AlexNet, clips: ClipsOnDevice, settings: AlexNetSettings) -> None:
        self.network = network
        self.clips = clips
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
        """What the frozen layers make of every clip, ``(clips, channels, height, width)``."""
        return torch.cat(
            [
                self._frozen(network_input(some, self.settings.normalise))
                for some in self.clips.inputs.split(CLIPS_AT_ONCE)
            ]
        )

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Rows of all training clips in random order; the last batch may be smaller."""
        train = self.clips.rows("train")
        order = train[torch.randperm(len(train), generator=generator)]
        yield from order.split(self.settings.batch_size)

    def loss(self, batch: Tensor) -> Tensor:
        """Cross-entropy of a batch of rows."""
        rows = batch.to(self.clips.labels.device)
        return functional.cross_entropy(self._forward(rows), self.clips.labels[rows])

    def scores(self) -> dict[str, float]:
        """Accuracy, unweighted average recall and loss on the held-out clips."""
        rows = self.clips.rows("heldout")
        labels = self.clips.labels[rows.to(self.clips.labels.device)]
        logits = self.logits(rows)
        loss = functional.cross_entropy(logits, labels).item()
        return {**accuracy_and_recall(logits, labels), "loss": loss}

    def posteriors(self) -> Posteriors:
        """Posteriors of every clip, training ones too, from the network as it is."""
        return self.clips.posteriors(self.logits(torch.arange(len(self.clips.names))))

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of some rows in eval mode, ``(rows, classes)`` float32 on the device."""
        self.network.eval()
        some = rows.to(self.clips.labels.device).split(CLIPS_AT_ONCE)
        return torch.cat([self._forward(part) for part in some])

    def _forward(self, rows: Tensor) -> Tensor:
        """Logits of some rows in the network's mode."""
        if self._passed is None:
            return self.network(network_input(self.clips.inputs[rows], self.settings.normalise))
        maps = self.network.avgpool(self._trained(self._passed[rows]))
        return self.network.classifier(maps.flatten(1))
