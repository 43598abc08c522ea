"""Fine-tuning CNN-14 on the classes of a task, in the fit loop.

Source: paper sections 3.2.2 and 4.1, and where it is silent the transfer recipe of PANNs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from mmer.media.log_mel import log_mels
from mmer.models.base import ModelJob
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.networks.cnn14 import Cnn14, mix_pairs
from mmer.models.networks.panns_checkpoint import start_from
from mmer.predictions import Posteriors
from mmer.runtime.job import Compute
from mmer.training.fit import FitPlan
from mmer.training.job import prepare_device, train_and_write
from mmer.training.recordings import ItemsOnDevice, load_recordings
from mmer.training.scores import accuracy_and_recall

TRAINABLE_FROM = {"all": "bn0", "last_block": "conv_block6", "top": "fc1"}
"""First trained part of the network for each choice of the setting ``trainable``."""


def train(job: ModelJob) -> None:
    """Start from the configured weights, train and write."""
    settings = job.settings(Cnn14Settings)
    device = prepare_device(job, Compute.from_environment())
    network = build_network(settings, job.classes.outputs)
    network = start_from(network, settings.weights, job.weights).to(device)
    as_inputs = functools.partial(log_mels, device=device)
    items = load_recordings(job, settings.clip_seconds, as_inputs)
    training = Cnn14FineTuning(network, items, settings)
    train_and_write(job, training, fit_plan(settings, job.seed), settings, settings.weights)


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
        max_steps=settings.max_iterations,
        max_epochs=None,
        evaluate_every=settings.evaluate_every,
        patience=settings.patience,
        keep=settings.keep,
        watch="accuracy",
        clip_gradient_norm=None,
        seed=seed,
    )


class Cnn14FineTuning:
    """A CNN-14 that learns the classes of one split's items.

    Parameters
    ----------
    network
        On the device of ``items``.
    items
        Those to train on and those to choose by.
    settings
        Optimiser, loss, batches, augmentation and precision.
    """

    def __init__(self, network: Cnn14, items: ItemsOnDevice, settings: Cnn14Settings) -> None:
        self.network = network
        self.items = items
        self.settings = settings
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
        train = self.items.training_rows
        per_place = 2 if self.settings.mixup_alpha > 0 else 1
        size = min(self.settings.batch_size, len(train) // per_place) * per_place
        assert size, "no training item, or a single one to mix"
        order = train[torch.randperm(len(train), generator=generator)]
        yield from order[: len(order) // size * size].split(size)

    def loss(self, batch: Tensor) -> Tensor:
        """Negative log-likelihood of a batch of rows, mixed if the settings say so."""
        rows = batch.to(self.items.labels.device)
        log_mel = self.items.inputs[rows]
        targets = self._one_hot(self.items.labels[rows])
        mixing = None
        if self.settings.mixup_alpha > 0:
            alpha = torch.full((len(rows) // 2,), self.settings.mixup_alpha, device=rows.device)
            mixing = torch.distributions.Beta(alpha, alpha).sample()
            targets = mix_pairs(targets, mixing)
        with self._precision():
            logits = self.network(log_mel, mixing).logits
        return self._criterion(logits, targets)

    def scores(self) -> dict[str, float]:
        """Accuracy, unweighted average recall and loss on the items that choose."""
        rows = self.items.choosing_rows
        labels = self.items.labels[rows.to(self.items.labels.device)]
        logits = self.logits(rows)
        loss = self._criterion(logits, self._one_hot(labels)).item()
        return {**accuracy_and_recall(logits, labels), "loss": loss}

    def predictions(self) -> Posteriors:
        """Posteriors of every item, training ones too, from the network as it is."""
        return self.items.posteriors(self.logits(torch.arange(len(self.items))))

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of some rows in eval mode, ``(rows, classes)`` float32 on the device."""
        self.network.eval()
        device = self.items.labels.device
        some = rows.to(device).split(self.settings.batch_size)
        with self._precision():
            return torch.cat([self.network(self.items.inputs[part]).logits for part in some])

    def _one_hot(self, labels: Tensor) -> Tensor:
        """Targets ``(batch, classes)`` float32 of labels ``(batch,)``."""
        return functional.one_hot(labels, self.items.task.outputs).float()

    def _precision(self) -> torch.autocast:
        """A context in which convolutions compute as the setting ``precision`` says."""
        reduced = self.settings.precision == "bfloat16"
        return torch.autocast(self.items.labels.device.type, torch.bfloat16, enabled=reduced)

    def _criterion(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Negative log-likelihood of soft targets ``(batch, classes)``, as the setting ``loss``."""
        log_likelihood = targets * logits.log_softmax(dim=1)
        if self.settings.loss == "mean_over_classes":
            return -log_likelihood.mean()
        return -log_likelihood.sum(dim=1).mean()
