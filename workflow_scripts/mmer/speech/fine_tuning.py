"""Fine-tuning CNN-14 on emotions: the task of the fit loop.

Source: paper sections 3.2.2 and 4.1, and where it is silent the transfer recipe of PANNs.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from mmer.corpus.labels import CLASS_COUNT
from mmer.posteriors import Posteriors
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.speech.cnn14 import Cnn14, mix_pairs
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.training.fit import FitPlan
from mmer.training.scores import accuracy_and_recall

TRAINABLE_FROM = {"all": "bn0", "last_block": "conv_block6", "top": "fc1"}
"""First trained part of the network for each choice of the setting ``trainable``."""


def build_network(settings: Cnn14Settings) -> Cnn14:
    """A network with random weights, drawn from torch's global generator."""
    return Cnn14(
        classes=CLASS_COUNT,
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
    """A CNN-14 that learns the emotions of one split.

    Parameters
    ----------
    network
        On the device of ``clips``.
    clips
        Training and held-out clips.
    settings
        Optimiser, loss, batches, augmentation and precision.
    """

    def __init__(self, network: Cnn14, clips: ClipsOnDevice, settings: Cnn14Settings) -> None:
        self.network = network
        self.clips = clips
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
        """Rows of training clips in random order.

        With mixup a batch holds two clips for each item.  The clips that do not fill the last
        batch wait for another epoch; fewer clips than one batch are one smaller batch.
        """
        train = self.clips.rows("train")
        per_item = 2 if self.settings.mixup_alpha > 0 else 1
        size = min(self.settings.batch_size, len(train) // per_item) * per_item
        assert size, "no training clip, or a single one to mix"
        order = train[torch.randperm(len(train), generator=generator)]
        yield from order[: len(order) // size * size].split(size)

    def loss(self, batch: Tensor) -> Tensor:
        """Negative log-likelihood of a batch of rows, mixed if the settings say so."""
        rows = batch.to(self.clips.labels.device)
        log_mel = self.clips.inputs[rows]
        targets = functional.one_hot(self.clips.labels[rows], CLASS_COUNT).float()
        mixing = None
        if self.settings.mixup_alpha > 0:
            alpha = torch.full((len(rows) // 2,), self.settings.mixup_alpha, device=rows.device)
            mixing = torch.distributions.Beta(alpha, alpha).sample()
            targets = mix_pairs(targets, mixing)
        with self._precision():
            logits = self.network(log_mel, mixing).logits
        return self._criterion(logits, targets)

    def scores(self) -> dict[str, float]:
        """Accuracy, unweighted average recall and loss on the held-out clips."""
        rows = self.clips.rows("heldout")
        labels = self.clips.labels[rows.to(self.clips.labels.device)]
        logits = self.logits(rows)
        loss = self._criterion(logits, functional.one_hot(labels, CLASS_COUNT).float()).item()
        return {**accuracy_and_recall(logits, labels), "loss": loss}

    def posteriors(self) -> Posteriors:
        """Posteriors of every clip, training ones too, from the network as it is."""
        return self.clips.posteriors(self.logits(torch.arange(len(self.clips.names))))

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of some rows in eval mode, ``(rows, classes)`` float32 on the device."""
        self.network.eval()
        device = self.clips.labels.device
        some = rows.to(device).split(self.settings.batch_size)
        with self._precision():
            return torch.cat([self.network(self.clips.inputs[part]).logits for part in some])

    def _precision(self) -> torch.autocast:
        """A context in which convolutions compute as the setting ``precision`` says."""
        reduced = self.settings.precision == "bfloat16"
        return torch.autocast(self.clips.labels.device.type, torch.bfloat16, enabled=reduced)

    def _criterion(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Negative log-likelihood of soft targets ``(batch, classes)``, as the setting ``loss``."""
        log_likelihood = targets * logits.log_softmax(dim=1)
        if self.settings.loss == "mean_over_classes":
            return -log_likelihood.mean()
        return -log_likelihood.sum(dim=1).mean()
