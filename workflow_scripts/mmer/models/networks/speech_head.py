"""A small head on a frozen encoder's layers: weighted, projected, pooled by attention.

Sources: Yang et al. 2021, "SUPERB" (a learned weight for each layer, a projection to 256); Okabe et
al. 2018, "Attentive Statistics Pooling for Deep Speaker Embedding".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from mmer.items import read_items
from mmer.models.base import ModelJob
from mmer.models.networks.encoded_layers import EncodedLayers, read_layers
from mmer.models.speech_encoder import HeadSettings, SpeechEncoderSettings
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.job import train_and_write
from mmer.training.kept_audio import rows_of_split
from mmer.training.labelled import ClassTraining, LabelledItems

log = logging.getLogger(__name__)

VARIANCE_FLOOR = 1e-5


@dataclass(frozen=True, kw_only=True)
class LayersOfItems(LabelledItems):
    """What an encoder says of the items of a split.

    ``values`` are ``(steps, layers, width)`` float16 of each item: on the device, or mapped from
    the file.
    """

    values: list[Tensor]

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Padded values ``(items, longest, layers, width)`` float32, and lengths ``(items,)``."""
        parts = [self.values[row].float() for row in rows.tolist()]
        lengths = torch.tensor([len(part) for part in parts], device=parts[0].device)
        return pad_sequence(parts, batch_first=True), lengths


class SpeechHead(nn.Module):
    """Logits of an encoder's layers.

    Shapes
    ------
    values ``(batch, steps, layers, width)`` float32, lengths ``(batch,)`` → logits
    ``(batch, classes)``.
    """

    def __init__(self, layers: int, width: int, settings: HeadSettings, classes: int) -> None:
        super().__init__()
        self.layer_logits = nn.Parameter(torch.zeros(layers))
        self.projection = nn.Linear(width, settings.width)
        self.attention = nn.Sequential(
            nn.Linear(settings.width, settings.width), nn.Tanh(), nn.Linear(settings.width, 1)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.classes = nn.Linear(2 * settings.width, classes)

    @property
    def layer_weights(self) -> Tensor:
        """What each layer counts, ``(layers,)``; they sum to one."""
        return self.layer_logits.softmax(dim=0)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        mixed = torch.einsum("bslw,l->bsw", values, self.layer_weights)
        steps = self.projection(mixed)  # (batch, steps, width)
        inside = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
        scores = self.attention(steps)[:, :, 0].masked_fill(~inside, -torch.inf)
        weights = scores.softmax(dim=1)[:, :, None]
        mean = (steps * weights).sum(dim=1)
        variance = ((steps - mean[:, None]).square() * weights).sum(dim=1)
        pooled = torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], dim=1)
        return self.classes(self.dropout(pooled))


class HeadTraining(ClassTraining):
    """A head that learns the classes of one split's items."""

    def __init__(self, network: SpeechHead, items: LayersOfItems, settings: HeadSettings) -> None:
        super().__init__(network, items, settings)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def forward(self, rows: Tensor) -> Tensor:
        return self.network(*self.items.batch(rows))


def train(job: ModelJob) -> None:
    """Train a head on one split and write model, history and predictions."""
    settings = job.settings(SpeechEncoderSettings)
    device = prepare_device(job.seed)
    encoded = read_layers(job.one("layers"), job.one("layers_items"))
    _, layers, width = encoded.values.shape
    network = SpeechHead(layers, width, settings.head, job.classes.outputs).to(device)
    training = HeadTraining(network, of_split(encoded, job, device), settings.head)
    plan = FitPlan.of(settings.head, job.task.watch, job.seed)
    train_and_write(job, training, plan, settings, "random")
    weights = ", ".join(f"{weight:.3f}" for weight in network.layer_weights.tolist())
    log.info("weights of the layers, the first one the transformer's input: %s", weights)


def of_split(encoded: EncodedLayers, job: ModelJob, device: torch.device) -> LayersOfItems:
    """The items of a job's split that have a class."""
    items, task = read_items(job.one("items")), job.classes
    rows, chosen, part = rows_of_split(encoded.items, items, job.split, task)
    values = encoded.values
    starts, stops = encoded.offsets[:-1], encoded.offsets[1:]
    values = [torch.from_numpy(values[starts[row] : stops[row]]).to(device) for row in rows]
    choosing = tuple(job.chosen_by)
    return LayersOfItems.on(device, task, chosen, part, choosing_parts=choosing, values=values)
