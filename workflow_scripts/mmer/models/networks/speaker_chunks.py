"""What a network that learned to tell speakers apart hears of an item while it is fine-tuned."""

from __future__ import annotations

import torch
from torch import Tensor
from torchaudio.functional import mask_along_axis

from mmer.models.speaker_settings import SpeakerNetworkSettings


def chunk_of(features: Tensor, settings: SpeakerNetworkSettings) -> Tensor:
    """A piece of an item ``(frames, bands)``, some frames and some bands of it set to 0.

    Source: SpecAugment (Park et al. 2019).
    """
    frames = min(settings.chunk_frames or len(features), len(features))
    start = int(torch.randint(len(features) - frames + 1, ()))
    chunk = features[start : start + frames]
    for axis, most in enumerate((settings.frame_mask, settings.band_mask)):
        # The library's limit is the first length that does not occur.
        chunk = mask_along_axis(chunk, most + 1, mask_value=0.0, axis=axis)
    return chunk
