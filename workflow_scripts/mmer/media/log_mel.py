"""The log-mel front end of the published 16 kHz CNN-14.

The network was trained on exactly these features, so every number here is fixed by its weights and
none is a setting.  Source: Kong et al. 2020, "PANNs" (paper reference 49), model ``Cnn14_16k``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

SAMPLE_RATE = 16_000
FULL_SCALE = 32_768
"""int16 samples divided by this lie in [-1, 1)."""
WINDOW = 512
"""Samples of the Hann window and of the Fourier transform."""
HOP = 160
"""Samples between frames: 10 ms."""
MEL_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 50, 8_000
POWER_FLOOR = 1e-10
"""Powers below this count as this: -100 dB."""
ITEMS_AT_ONCE = 32
"""Items per pass through the front end: bounds its memory."""


def frames_of(samples: int) -> int:
    """Frames of a waveform of that many samples: centred windows, one per hop and one more."""
    return samples // HOP + 1


class LogMel(nn.Module):
    """Waveform to log-mel spectrogram, with nothing to learn.

    Computed in float64: in float32 the Fourier transform's rounding reaches 2e-3 dB in the quiet
    bands of a loud frame.

    Shapes
    ------
    waveform ``(batch, samples)`` float32 in [-1, 1], more than 256 samples
    → ``(batch, frames, 64)`` float32 in dB relative to a power of 1, never below -100 dB.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE,
            n_fft=WINDOW,
            hop_length=HOP,
            f_min=LOWEST_HZ,
            f_max=HIGHEST_HZ,
            n_mels=MEL_BANDS,
            norm="slaney",
            mel_scale="slaney",
            wkwargs={"dtype": torch.float64},
        ).double()

    @property
    def filters(self) -> Tensor:
        """The Slaney mel filterbank, ``(257, 64)`` float64."""
        return self.mel.mel_scale.fb

    @torch.inference_mode()
    def forward(self, waveform: Tensor) -> Tensor:
        assert waveform.ndim == 2, f"waveform is (batch, samples), not {tuple(waveform.shape)}"
        power = self.mel(waveform.double())  # (batch, mel, frames)
        return (10 * power.clamp(min=POWER_FLOOR).log10()).float().transpose(1, 2).contiguous()


def log_mels(waveforms: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """Log-mels of int16 waveforms of one length, ``(items, frames, 64)`` float32 in dB."""
    front_end = LogMel().to(device)
    starts = range(0, len(waveforms), ITEMS_AT_ONCE)
    stacked = (np.stack(waveforms[start : start + ITEMS_AT_ONCE]) for start in starts)
    on_device = (torch.from_numpy(some).to(device) for some in stacked)
    return torch.cat([front_end(some.float() / FULL_SCALE) for some in on_device])
