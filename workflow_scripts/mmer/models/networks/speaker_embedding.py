"""The embedding of items by a speaker network: the mean direction of its parts' embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import normalize

from mmer.media.log_mel import FULL_SCALE
from mmer.models.networks.speaker_encoder import SpeakerEncoder, mels_of, parts_of


@torch.inference_mode()
def embeddings_of(
    network: SpeakerEncoder, waveforms: Sequence[np.ndarray], loudness_dbfs: float | None
) -> np.ndarray:
    """The embeddings of items' int16 samples, ``(items, 256)`` float32, each of length 1.

    That of digital silence may be all 0.
    """
    parts = [parts_of(heard(samples, loudness_dbfs)[None])[0] for samples in waveforms]
    device = next(network.parameters()).device
    of_items = network(torch.cat(parts).to(device)).split([len(each) for each in parts])
    return normalize(torch.stack([each.mean(dim=0) for each in of_items])).cpu().numpy()


def heard(samples: np.ndarray, loudness_dbfs: float | None) -> torch.Tensor:
    """Mel powers ``(frames, 40)`` of an item's int16 samples, at a level."""
    loud_enough = raised(samples / FULL_SCALE, loudness_dbfs)
    return torch.from_numpy(mels_of(loud_enough.astype(np.float32)))


def raised(samples: np.ndarray, loudness_dbfs: float | None) -> np.ndarray:
    """Samples in [-1, 1], amplified to a level where they are quieter; silence stays."""
    level = np.sqrt(np.mean(np.square(samples)))
    if loudness_dbfs is None or level == 0:
        return samples
    return samples * max(1.0, 10 ** (loudness_dbfs / 20) / level)
