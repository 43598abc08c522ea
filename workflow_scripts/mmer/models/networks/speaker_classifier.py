"""The recurrent speaker network with a layer that names classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmer.models.networks.speaker_encoder import (
    FRAMES,
    LAYERS,
    STEP,
    WIDTH,
    SpeakerEncoder,
    parts_of,
)


class SpeakerClassifier(nn.Module):
    """The mean direction of the embeddings of an item's parts, standardised, then a linear layer.

    Frames after the last whole part are not heard.

    Shapes
    ------
    features ``(batch, frames, 40)``, lengths ``(batch,)``, each 160 or more → logits
    ``(batch, classes)``.

    ``trainable`` is ``all``, ``last_layer`` or ``projection``, as in the settings.
    """

    def __init__(self, trainable: str, dropout: float, classes: int) -> None:
        super().__init__()
        self.encoder = SpeakerEncoder()
        last = f"_l{LAYERS - 1}"
        trained = {"all": ("",), "last_layer": (last, "linear"), "projection": ("linear",)}
        for name, parameter in self.encoder.named_parameters():
            parameter.requires_grad_(any(part in name for part in trained[trainable]))
        self.standardised = nn.BatchNorm1d(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(WIDTH, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        parts = parts_of(features)
        last = (lengths[:, None] - FRAMES) // STEP
        there = torch.arange(parts.shape[1], device=parts.device) <= last  # (batch, parts)
        of_parts = self.encoder(parts[there])
        items = there.nonzero()[:, 0]
        sums = torch.zeros(len(features), WIDTH, device=parts.device).index_add(0, items, of_parts)
        return self.classes(self.dropout(self.standardised(normalize(sums))))
