"""The plain convolutional network: what it hears, its layers, and how its training items vary."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

from mmer.media.log_mel import FULL_SCALE, HIGHEST_HZ, LOWEST_HZ, POWER_FLOOR, SAMPLE_RATE
from mmer.models.plain_cnn import PlainCnnSettings

WINDOW = 1024
"""Samples: 64 ms, long enough to tell the harmonics of low voices apart."""
HOP = 320
MASKS = 2
BLOCK_DROPOUT = 0.1


@cache
def _mel(bands: int) -> MelSpectrogram:
    """The front end, made once."""
    return MelSpectrogram(
        SAMPLE_RATE,
        n_fft=WINDOW,
        hop_length=HOP,
        f_min=LOWEST_HZ,
        f_max=HIGHEST_HZ,
        n_mels=bands,
        norm="slaney",
        mel_scale="slaney",
    )


def log_mels(samples: np.ndarray, bands: int) -> Tensor:
    """Log-mels ``(frames, bands)`` float32 in dB of int16 samples ``(samples,)`` at 16 kHz."""
    waveform = torch.from_numpy(samples.astype(np.float32) / FULL_SCALE)
    # Centred windows reflect half a window at both ends.
    waveform = functional.pad(waveform, (0, max(0, WINDOW - len(waveform))))
    return 10 * _mel(bands)(waveform).clamp(min=POWER_FLOOR).log10().T.contiguous()


def augmented(features: Tensor, settings: PlainCnnSettings) -> Tensor:
    """An item ``(frames, bands)`` in dB at another speed, pitch and level, with stripes hidden.

    Hidden is what has the item's mean of each band.

    Sources: a shift in mel bands stands for another length of the vocal tract (Jaitly and Hinton
    2013), stripes are SpecAugment's (Park et al. 2019).
    """
    speed = 1 + _between(-settings.stretch, settings.stretch)
    frames = max(1, round(len(features) * speed))
    features = functional.interpolate(features.T[None], size=frames, mode="linear")[0].T
    shift = _whole_between(-settings.band_shift, settings.band_shift)
    bands = torch.arange(features.shape[1], device=features.device) - shift
    features = features[:, bands.clamp(0, features.shape[1] - 1)]
    features = features + _between(-settings.gain_db, settings.gain_db)
    mean = features.mean(dim=0)
    for _ in range(MASKS):
        frames = _stretch_of(len(features), settings.frame_mask, len(features) // 3)
        features[frames] = mean
        bands = _stretch_of(features.shape[1], settings.band_mask, features.shape[1])
        features[:, bands] = mean[bands]
    return features


def _stretch_of(rows: int, longest: int, at_most: int) -> slice:
    """Some rows in a row, at random."""
    length = min(_whole_between(0, longest), at_most)
    start = _whole_between(0, rows - length)
    return slice(start, start + length)


def _between(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()


def _whole_between(low: int, high: int) -> int:
    """A random whole number, both ends included."""
    return int(torch.randint(low, high + 1, ()))


class PlainCnn(nn.Module):
    """Logits of log-mel spectrograms.

    A first convolution halves time and bands; each
    further block of two does so again.  The channels and bands of each frame that is left become
    one vector; mean and deviation of these over the item's own frames go to the last layer.

    Shapes
    ------
    features ``(batch, frames, bands)``, lengths ``(batch,)`` → logits ``(batch, classes)``.
    """

    def __init__(
        self, bands: int, channels: Sequence[int], frame_width: int, dropout: float, classes: int
    ) -> None:
        super().__init__()
        first = nn.Sequential(
            nn.Conv2d(1, channels[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(first, *(_block(a, b) for a, b in pairwise(channels)))
        self.blocks.to(memory_format=torch.channels_last)  # twice as fast on a CPU
        left = -(-bands // 2) // 2 ** (len(channels) - 1)
        self.frame = nn.Linear(channels[-1] * left, frame_width)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(2 * frame_width, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        # An item needs a frame that is left after all halvings.
        absent = max(0, 2 ** len(self.blocks) - features.shape[1])
        features = functional.pad(features, (0, 0, 0, absent))
        images = features[:, None].contiguous(memory_format=torch.channels_last)
        maps = self.blocks(images)  # (batch, channels, frames, bands)
        frames = self.frame(maps.transpose(1, 2).flatten(2)).relu()  # (batch, frames, frame_width)
        left = (lengths / 2 ** len(self.blocks)).ceil().clamp(1, frames.shape[1])
        inside = torch.arange(frames.shape[1], device=frames.device) < left[:, None]
        weights = (inside / left[:, None])[:, :, None]  # (batch, frames, 1)
        mean = (frames * weights).sum(dim=1)
        variance = ((frames - mean[:, None]).square() * weights).sum(dim=1)
        return self.classes(self.dropout(torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)))


def _block(before: int, after: int) -> nn.Sequential:
    """Two convolutions; time and bands are halved."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(2),
        nn.Dropout2d(BLOCK_DROPOUT),
    )
