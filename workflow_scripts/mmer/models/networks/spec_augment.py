"""SpecAugment: silence random stripes of time and frequency while training.

Source: Park et al. 2019, with the stripe counts and widths of PANNs (paper reference 49).
"""

from __future__ import annotations

from torch import Tensor, nn
from torchaudio.transforms import FrequencyMasking, TimeMasking

TIME_STRIPES, TIME_WIDTH = 2, 64
"""Stripes per item, and the width in frames below which each stays."""
MEL_STRIPES, MEL_WIDTH = 2, 8
"""Stripes per item, and the width in mel bands below which each stays."""


class SpecAugment(nn.Sequential):
    """Set stripes of normalised log-mels to zero in training mode; change nothing in eval mode.

    Each item has its own stripes, drawn from torch's global generator of the device.

    Shapes
    ------
    ``(batch, frames, mel)`` float32 → the same shape.
    """

    def __init__(self) -> None:
        in_time = [TimeMasking(TIME_WIDTH, iid_masks=True) for _ in range(TIME_STRIPES)]
        in_mel = [FrequencyMasking(MEL_WIDTH, iid_masks=True) for _ in range(MEL_STRIPES)]
        super().__init__(*in_time, *in_mel)

    def forward(self, log_mel: Tensor) -> Tensor:
        if not self.training:
            return log_mel
        return super().forward(log_mel.transpose(1, 2)).transpose(1, 2)
