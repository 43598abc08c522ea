"""Fine-tuning an encoder of speech, in the fit loop; its convolutions stay as they are.

Source: Luna-Jiménez et al. 2022, and the code that its authors published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from mmer.items import read_items
from mmer.models.base import ModelJob
from mmer.models.networks.encoder_weights import load_encoder
from mmer.models.networks.speech_encoder import SpeechEncoder
from mmer.models.speech_encoder import FineTunedEncoderSettings
from mmer.models.weights_settings import SHORTEST_SECONDS
from mmer.ragged import read_ragged
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.job import train_and_write
from mmer.training.kept_audio import kept_samples, rows_of_split, spans_of
from mmer.training.labelled import ClassTraining, LabelledItems


@dataclass(frozen=True, kw_only=True)
class HeardItems(LabelledItems):
    """What the frozen convolutions make of each item, ``(frames, channels)`` on the device."""

    heard: list[Tensor]


class FineTunedEncoder(nn.Module):
    """An encoder with two layers on the mean over each item's own frames.

    The published code takes the mean over the silence after shorter items too; here nothing that an
    item gets depends on what else is in its batch.
    """

    def __init__(self, encoder: SpeechEncoder, dropout: float, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.encoder.convolutions.requires_grad_(False)
        width = encoder.configuration.hidden_size
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(width, classes),
        )

    def forward(self, heard: list[Tensor]) -> Tensor:
        """Logits ``(items, classes)`` of what the convolutions made of some items."""
        if self.training:
            # The library hides stretches of time by NumPy's global generator, which no checkpoint
            # holds; torch's is restored.
            np.random.seed(int(torch.randint(2**31, ())))  # noqa: NPY002
        said, inside = self.encoder(heard)
        shares = inside / inside.sum(dim=1, keepdim=True)
        return self.head((said * shares[:, :, None]).sum(dim=1))


class FallingAdamW(torch.optim.AdamW):
    """AdamW whose learning rate falls by as much after every step, to nothing after the last."""

    def __init__(self, parameters: list[nn.Parameter], steps: int, **settings: float) -> None:
        super().__init__(parameters, **settings)
        self.fall = self.defaults["lr"] / steps

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step; the rate lies in the state, so that a checkpoint holds it."""
        loss = super().step(closure)
        for group in self.param_groups:
            group["lr"] = max(group["lr"] - self.fall, 0.0)
        return loss


class FineTuning(ClassTraining):
    """An encoder that learns the classes of one split's items."""

    def __init__(
        self, network: FineTunedEncoder, items: HeardItems, settings: FineTunedEncoderSettings
    ) -> None:
        super().__init__(network, items, settings)
        self.optimizer = FallingAdamW(
            [parameter for parameter in network.parameters() if parameter.requires_grad],
            -(-len(self.train_rows) // settings.batch_size) * settings.max_epochs,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    def forward(self, rows: Tensor) -> Tensor:
        return self.network([self.items.heard[row] for row in rows.tolist()])


def train(job: ModelJob) -> None:
    """Start from the configured weights, train and write."""
    settings = job.settings(FineTunedEncoderSettings)
    device = prepare_device(job.seed)
    encoder = load_encoder(settings, job).to(device)
    network = FineTunedEncoder(encoder, settings.dropout, job.classes.outputs).to(device)
    training = FineTuning(network, heard_items(job, encoder, settings), settings)
    train_and_write(job, training, fit_plan(settings, job), settings, settings.weights)


def fit_plan(settings: FineTunedEncoderSettings, job: ModelJob) -> FitPlan:
    """What the settings ask of the fit loop."""
    return replace(
        FitPlan.of(settings, job.task.watch, job.seed),
        evaluate_every=settings.evaluate_every,
        clip_gradient_norm=settings.clip_gradient_norm,
    )


def heard_items(
    job: ModelJob, encoder: SpeechEncoder, settings: FineTunedEncoderSettings
) -> HeardItems:
    """Run the convolutions once over every item of the split that has a class.

    They are frozen, so that what they say is the same in every epoch; RAVDESS takes 0.5 GB.
    """
    audio, items = read_ragged(job.inputs["audio"]), read_items(job.one("items"))
    rows, chosen, part = rows_of_split(audio.items, items, job.split, job.classes)
    spans = spans_of(job)
    waveforms = [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in rows]
    encoder.eval()
    heard = [
        encoder.heard(waveform, settings.normalise_sound)
        for waveform in tqdm(waveforms, unit="item", mininterval=10)
    ]
    about = (encoder.device, job.classes, chosen, part)
    return HeardItems.on(*about, choosing_parts=tuple(job.chosen_by), heard=heard)
