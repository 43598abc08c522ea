"""The log-mel front end of the published 16 kHz CNN-14.

The network was trained on exactly these features, so every number here is fixed by its weights and
none is a setting.  Source: Kong et al. 2020, "PANNs" (paper reference 49), model ``Cnn14_16k``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import librosa
import torch
from torch import Tensor, nn
from torch.nn import functional

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
BLOCKS = 4
"""Groups of neighbouring bands that are summed at once."""
CLIPS_ON_A_CORE = 2
"""Clips per pass on the CPU: fewer are slowed by calls and locks, more by the cache."""


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

    The Fourier transform is taken in float64: in float32 its rounding reaches 2e-3 dB in the quiet
    bands of a loud frame, for a third less time.  What follows only adds positive numbers, so
    float32 is enough there.

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
        # A row for the real and one for the imaginary part of each bin, as they lie in memory.
        filters = mel_filters().repeat_interleave(2, dim=0)
        self.register_buffer("filters", filters, persistent=False)
        self.blocks = list(_blocks(filters))

    def forward(self, waveform: Tensor) -> Tensor:
        assert waveform.ndim == 2, f"waveform is (batch, samples), not {tuple(waveform.shape)}"
        batch, samples = waveform.shape
        mel = torch.empty(batch, frames_of(samples), MEL_BANDS, device=waveform.device)
        if waveform.is_cuda:
            self._write(waveform, mel)
        else:
            parts = waveform.split(CLIPS_ON_A_CORE), mel.split(CLIPS_ON_A_CORE)
            _each_on_a_core(self._write, *parts)
        return mel

    @torch.inference_mode()
    def _write(self, waveform: Tensor, mel: Tensor) -> None:
        """Write the log-mel of ``waveform`` into ``mel``, ``(batch, frames, 64)``."""
        mel = mel.view(-1, MEL_BANDS)
        half = WINDOW // 2
        reflected = functional.pad(waveform, (half, half), mode="reflect").double()
        frames = (reflected.unfold(1, WINDOW, HOP) * self.window).flatten(0, 1)
        parts = torch.view_as_real(torch.fft.rfft(frames)).float().square_().flatten(1)
        for bins, bands in self.blocks:
            torch.mm(parts[:, bins], self.filters[bins, bands], out=mel[:, bands])
        mel.clamp_(min=POWER_FLOOR).log10_().mul_(10)


def _each_on_a_core(
    work: Callable[..., None], waveforms: Sequence[Tensor], mels: Sequence[Tensor]
) -> None:
    """Work on groups of clips side by side, each on one core, as many as torch may use.

    A few clips stay in the cache of their core, which halves the time, and no core waits for
    another after every operation, which takes seconds where other jobs compete for the cores.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        for waveform, mel in zip(waveforms, mels, strict=True):
            work(waveform, mel)
        return
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(work, waveforms, mels))  # raises what a thread raised
    finally:
        torch.set_num_threads(threads)


def _blocks(filters: Tensor) -> Iterator[tuple[slice, slice]]:
    """Groups of bands with the rows of the filterbank outside which their filters are zero.

    High bands see few of the low bins and low bands none of the high ones: four groups leave a
    quarter of the multiplications.
    """
    size = MEL_BANDS // BLOCKS
    for start in range(0, MEL_BANDS, size):
        bands = slice(start, start + size)
        heard = filters[:, bands].any(dim=1).nonzero().flatten()
        yield slice(int(heard[0]), int(heard[-1]) + 1), bands
