"""Fine-tuning CNN-14 on the classes of a task, in the fit loop.

Source: paper sections 3.2.2 and 4.1, and where it is silent the transfer recipe of PANNs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from torch import Tensor

from mmer.media.log_mel import log_mels
from mmer.models.base import ModelJob
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.networks.cnn14 import Cnn14, mix_pairs
from mmer.models.networks.panns_checkpoint import load_panns
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.foreign_checkpoint import start_from
from mmer.training.job import train_and_write
from mmer.training.labelled import ClassTraining
from mmer.training.recordings import ItemsOnDevice, load_recordings

TRAINABLE_FROM = {"all": "bn0", "last_block": "conv_block6", "top": "fc1"}
"""First trained part of the network for each choice of the setting ``trainable``."""


def train(job: ModelJob) -> None:
    """Start from the configured weights, train and write."""
    settings = job.settings(Cnn14Settings)
    device = prepare_device(job.seed)
    network = build_network(settings, job.classes.outputs)
    network = start_from(network, settings.weights, job.weights, load_panns).to(device)
    as_inputs = functools.partial(log_mels, device=device)
    items = load_recordings(job, settings.clip_seconds, as_inputs)
    training = Cnn14FineTuning(network, items, settings)
    train_and_write(job, training, fit_plan(settings, job.seed or 0), settings, settings.weights)


def build_network(settings: Cnn14Settings, classes: int) -> Cnn14:
    """A network with random weights, drawn from torch's global generator."""
    return Cnn14(
        classes=classes,
        width=settings.width,
        spec_augment=settings.spec_augment,
        trainable_from=TRAINABLE_FROM[settings.trainable],
    )


def fit_plan(settings: Cnn14Settings, seed: int) -> FitPlan:
    """What the settings ask of the fit loop."""
    return FitPlan(
        patience=settings.patience,
        keep=settings.keep,
        watch="accuracy",
        seed=seed,
        max_steps=settings.max_iterations,
        evaluate_every=settings.evaluate_every,
    )


class Cnn14FineTuning(ClassTraining):
    """A CNN-14 that learns the classes of one split's items."""

    def __init__(self, network: Cnn14, items: ItemsOnDevice, settings: Cnn14Settings) -> None:
        super().__init__(network, items, settings)
        self.optimizer = torch.optim.Adam(
            [parameter for parameter in network.parameters() if parameter.requires_grad],
            lr=settings.learning_rate,
            betas=settings.betas,
            eps=settings.epsilon,
            amsgrad=settings.amsgrad,
            fused=True,
        )

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Rows of training items in random order.

        With mixup a batch holds two items for each that the network sees.  Those that do not fill
        the last batch wait for another epoch; fewer than one batch are one smaller batch.
        """
        train = self.train_rows
        per_place = 2 if self.settings.mixup_alpha > 0 else 1
        size = min(self.settings.batch_size, len(train) // per_place) * per_place
        assert size, "no training item, or a single one to mix"
        order = train[torch.randperm(len(train), generator=generator)]
        yield from order[: len(order) // size * size].split(size)

    def loss(self, batch: Tensor) -> Tensor:
        """The loss of a batch of rows, mixed if the settings say so."""
        labels = self.labels(batch)
        if self.settings.mixup_alpha == 0:
            return self.criterion(self.forward(batch), labels)
        alpha = torch.full((len(batch) // 2,), self.settings.mixup_alpha, device=labels.device)
        # Checking the parameters would fetch them from the device in every step.
        mixing = torch.distributions.Beta(alpha, alpha, validate_args=False).sample()
        targets = mix_pairs(self._one_hot(labels), mixing)
        return self._of_targets(self.forward(batch, mixing), targets)

    def forward(self, rows: Tensor, mixing: Tensor | None = None) -> Tensor:
        """Logits of some rows in the network's mode; convolutions as the setting ``precision``."""
        device = self.items.labels.device
        reduced = self.settings.precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=reduced):
            return self.network(
                self.items.inputs[rows.to(device, non_blocking=True)], mixing
            ).logits

    def criterion(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Negative log-likelihood, as the setting ``loss``."""
        return self._of_targets(logits, self._one_hot(labels))

    def _one_hot(self, labels: Tensor) -> Tensor:
        """Targets ``(batch, classes)`` float32 of labels ``(batch,)``."""
        return torch.eye(self.items.task.outputs, device=labels.device)[labels]

    def _of_targets(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of soft targets ``(batch, classes)``."""
        log_likelihood = targets * logits.log_softmax(dim=1)
        if self.settings.loss == "mean_over_classes":
            return -log_likelihood.mean()
        return -log_likelihood.sum(dim=1).mean()
