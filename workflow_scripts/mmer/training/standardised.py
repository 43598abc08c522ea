"""A network that is given its features in units of the training items."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardised(nn.Module):
    """A network whose features are first told from their mean, in deviations.

    Both are kept with its weights.  What lies beyond an item's length becomes zero, the mean.

    Shapes
    ------
    features ``(batch, frames, width)`` float32, lengths ``(batch,)`` int64 → what the network says.

    ``frames`` are all those of the training items, ``(frames, width)`` float32.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, frames: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", frames.mean(dim=0))
        # A value that never changes is left as it is.
        deviation = frames.std(dim=0, correction=0)
        self.register_buffer("deviation", torch.where(deviation > 0, deviation, 1.0))

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        inside = torch.arange(features.shape[1], device=features.device) < lengths[:, None]
        return self.network((features - self.mean) / self.deviation * inside[:, :, None], lengths)
