"""The log-mel front end of the published 16 kHz CNN-14.

The network was trained on exactly these features, so every number here is fixed by its weights and
none is a setting.  Source: Kong et al. 2020, "PANNs" (paper reference 49), model ``Cnn14_16k``.
"""

from __future__ import annotations

import librosa
import torch
from torch import Tensor, nn

SAMPLE_RATE = 16_000
WINDOW = 512
"""Samples of the Hann window and of the Fourier transform."""
HOP = 160
"""Samples between frames: 10 ms."""
MEL_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 50, 8_000
POWER_FLOOR = 1e-10
"""Powers below this count as this: -100 dB."""


def frames_of(samples: int) -> int:
    """Frames of a waveform of that many samples: centred windows, one per hop and one more."""
    return samples // HOP + 1


def mel_filters() -> Tensor:
    """librosa's Slaney mel filterbank, ``(257, 64)`` float32."""
    filters = librosa.filters.mel(
        sr=SAMPLE_RATE,
        n_fft=WINDOW,
        n_mels=MEL_BANDS,
        fmin=LOWEST_HZ,
        fmax=HIGHEST_HZ,
        htk=False,
        norm="slaney",
    )
    return torch.from_numpy(filters.T.copy())


class LogMel(nn.Module):
    """Waveform to log-mel spectrogram, with nothing to learn.

    The Fourier transform is taken in float64: in float32 its rounding reaches 1e-3 dB in the quiet
    bands of a loud frame, and the whole corpus passes through here only once per job.

    Shapes
    ------
    waveform ``(batch, samples)`` float32 in [-1, 1], more than 256 samples
    → ``(batch, frames, 64)`` float32 in dB relative to a power of 1, never below -100 dB.
    """

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(WINDOW, periodic=True, dtype=torch.float64)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", mel_filters().double(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        assert waveform.ndim == 2, f"waveform is (batch, samples), not {tuple(waveform.shape)}"
        spectrum = torch.stft(
            waveform.double(),
            n_fft=WINDOW,
            hop_length=HOP,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, frames)
        mel = power.transpose(1, 2) @ self.filters  # (batch, frames, mel)
        return (10 * mel.clamp(min=POWER_FLOOR).log10()).float()
