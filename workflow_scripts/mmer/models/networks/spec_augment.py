"""SpecAugment: silence random stripes of time and frequency while training.

Source: Park et al. 2019, with the stripe counts and widths of PANNs (paper reference 49).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

TIME_STRIPES, TIME_WIDTH = 2, 64
"""Stripes per item, and the width in frames below which each stays."""
MEL_STRIPES, MEL_WIDTH = 2, 8
"""Stripes per item, and the width in mel bands below which each stays."""


def stripe_mask(batch: int, length: int, stripes: int, width: int, device: torch.device) -> Tensor:
    """Where stripes lie: ``(batch, length)`` bool, each row with its own stripes.

    A stripe is 0 to ``width - 1`` wide, uniformly, and starts anywhere it fits but, as published,
    for the last place.  Drawn from torch's global generator of ``device``.
    """
    widest = min(width, length)
    widths = torch.randint(widest, (batch, stripes, 1), device=device)
    room = length - widths
    starts = (torch.rand(batch, stripes, 1, device=device) * room).long()
    places = torch.arange(length, device=device)
    return ((places >= starts) & (places < starts + widths)).any(dim=1)


class SpecAugment(nn.Module):
    """Set stripes of normalised log-mels to zero in training mode; change nothing in eval mode.

    Shapes
    ------
    ``(batch, frames, mel)`` float32 → the same shape.
    """

    def forward(self, log_mel: Tensor) -> Tensor:
        if not self.training:
            return log_mel
        batch, frames, mel = log_mel.shape
        device = log_mel.device
        in_time = stripe_mask(batch, frames, TIME_STRIPES, TIME_WIDTH, device)
        in_mel = stripe_mask(batch, mel, MEL_STRIPES, MEL_WIDTH, device)
        return log_mel.masked_fill(in_time[:, :, None] | in_mel[:, None, :], 0.0)
