"""A recurrent network that learned to tell speakers apart: weights, what it hears and says.

Everything here is fixed by the weights and nothing is a setting.  Source: Wan et al. 2018,
"Generalized End-to-End Loss for Speaker Verification"; Resemblyzer 0.1.4, ``pretrained.pt``, which
holds ``step``, ``model_state`` and ``optimizer_state``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE
from mmer.training.foreign_checkpoint import load_state, read_state

WINDOW = 400
"""Samples of the Hann window and of the Fourier transform: 25 ms."""
HOP = 160
MEL_BANDS = 40
FRAMES = 160
"""Of a part of an item that is embedded at once: 1.6 s."""
STEP = 77
"""Frames from one part to the next: 1.3 parts a second."""
LEAST_SHARE = 0.75
"""Of the last part, where there are others, that sound must fill."""
WIDTH = 256
LAYERS = 3
SET_ASIDE = ("similarity_weight", "similarity_bias")
"""Of the loss it was trained with."""

_ADVICE = "use pretrained.pt of Resemblyzer 0.1.4"


class SpeakerEncoder(nn.Module):
    """Three LSTM layers; what the last one ends with is projected, cut at 0 and of length 1.

    Shapes
    ------
    mels ``(parts, frames, 40)`` float32 → ``(parts, 256)`` float32.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MEL_BANDS, WIDTH, LAYERS, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, mels: Tensor) -> Tensor:
        assert mels.ndim == 3 and mels.shape[2] == MEL_BANDS, f"mels {tuple(mels.shape)}"
        _, (hidden, _) = self.lstm(mels)
        return normalize(relu(self.linear(hidden[-1])))


def mels_of(samples: np.ndarray) -> np.ndarray:
    """Mel powers of an item, ``(frames, 40)`` float32; its parts end with the last frame.

    Silence fills the last part up, and sound that is too little for another one is left out.

    Samples are mono sound at 16 kHz in [-1, 1], ``(samples,)`` float32, at least one.
    """
    frames = math.ceil((len(samples) + 1) / HOP)
    starts = list(range(0, max(1, frames - FRAMES + STEP + 1), STEP))
    if len(starts) > 1 and len(samples) - starts[-1] * HOP < LEAST_SHARE * FRAMES * HOP:
        del starts[-1]
    length = (starts[-1] + FRAMES) * HOP
    padded = np.pad(samples, (0, max(0, length - len(samples))))
    mels = librosa.feature.melspectrogram(
        y=padded, sr=SAMPLE_RATE, n_fft=WINDOW, hop_length=HOP, n_mels=MEL_BANDS
    ).T
    return np.ascontiguousarray(mels[: starts[-1] + FRAMES], np.float32)


def parts_of(mels: Tensor) -> Tensor:
    """The overlapping parts of items ``(items, frames, 40)``, ``(items, parts, 160, 40)``."""
    return mels.unfold(1, FRAMES, STEP).mT


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


def heard(samples: np.ndarray, loudness_dbfs: float | None) -> Tensor:
    """Mel powers ``(frames, 40)`` of an item's int16 samples, at a level."""
    loud_enough = raised(samples / FULL_SCALE, loudness_dbfs)
    return torch.from_numpy(mels_of(loud_enough.astype(np.float32)))


def raised(samples: np.ndarray, loudness_dbfs: float | None) -> np.ndarray:
    """Samples in [-1, 1], amplified to a level where they are quieter; silence stays."""
    level = np.sqrt(np.mean(np.square(samples)))
    if loudness_dbfs is None or level == 0:
        return samples
    return samples * max(1.0, 10 ** (loudness_dbfs / 20) / level)


def load_resemblyzer(network: SpeakerEncoder, path: Path, sha256: str) -> None:
    """Give a network the published weights."""
    state = read_state(path, sha256, _ADVICE, "model_state")
    load_state(network, path, state, _ADVICE, set_aside=SET_ASIDE)
