"""The log-mel front end of the published 16 kHz CNN-14.

The network was trained on exactly these features, so every number here is fixed by its weights and
none is a setting.  Source: Kong et al. 2020, "PANNs" (paper reference 49), model ``Cnn14_16k``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import librosa
import numpy as np
import torch
from torch import Tensor, nn

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
ITEMS_ON_A_CORE = 2
"""Items per pass on the CPU: fewer are slowed by calls and locks, more by the cache."""
ITEMS_AT_ONCE = 32
"""Waveforms per pass of :func:`log_mels`: bounds its memory."""


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
            self._write([waveform], [mel])
        else:
            parts = waveform.split(ITEMS_ON_A_CORE), mel.split(ITEMS_ON_A_CORE)
            _each_core(self._write, *parts)
        return mel

    @torch.inference_mode()
    def _write(self, waveforms: Sequence[Tensor], mels: Sequence[Tensor]) -> None:
        """Write the log-mel of groups of items, none larger than the first, one after the other.

        All groups pass through the same memory: fresh memory for each costs a fifth of the time.
        """
        room = _Room.for_items(waveforms[0])
        for waveform, mel in zip(waveforms, mels, strict=True):
            bands = mel.view(-1, MEL_BANDS)
            parts = self._power_parts(waveform, room)
            for rows, columns in self.blocks:
                torch.mm(parts[:, rows], self.filters[rows, columns], out=bands[:, columns])
            bands.clamp_(min=POWER_FLOOR).log10_().mul_(10)

    def _power_parts(self, waveform: Tensor, room: _Room) -> Tensor:
        """Squares of the spectrum's real and imaginary parts, ``(batch * frames, 514)`` float32."""
        batch, samples = waveform.shape
        half = WINDOW // 2
        reflected = room.reflected[:batch]
        reflected[:, half : half + samples] = waveform
        reflected[:, :half] = waveform[:, 1 : half + 1].flip(1)
        reflected[:, half + samples :] = waveform[:, -half - 1 : -1].flip(1)
        windowed = room.frames[:batch]
        torch.mul(reflected.unfold(1, WINDOW, HOP), self.window, out=windowed)
        spectrum = torch.view_as_real(torch.fft.rfft(windowed.flatten(0, 1))).flatten(1)
        return room.parts[: len(spectrum)].copy_(spectrum).square_()


def log_mels(waveforms: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """Log-mels of int16 waveforms of one length, ``(items, frames, 64)`` float32 in dB."""
    front_end = LogMel().to(device)
    starts = range(0, len(waveforms), ITEMS_AT_ONCE)
    stacked = (np.stack(waveforms[start : start + ITEMS_AT_ONCE]) for start in starts)
    on_device = (torch.from_numpy(some).to(device) for some in stacked)
    return torch.cat([front_end(some.float() / FULL_SCALE) for some in on_device])


@dataclass(frozen=True)
class _Room:
    """Memory that a group of items passes through on its way to its log-mel.

    Attributes
    ----------
    reflected
        ``(batch, samples + 512)`` float64.
    frames
        ``(batch, frames, 512)`` float64.
    parts
        ``(batch * frames, 514)`` float32.
    """

    reflected: Tensor
    frames: Tensor
    parts: Tensor

    @classmethod
    def for_items(cls, waveform: Tensor) -> _Room:
        """Room for as many items as ``waveform``, ``(batch, samples)``, has."""
        batch, samples = waveform.shape
        frames = frames_of(samples)
        double = functools.partial(torch.empty, dtype=torch.float64, device=waveform.device)
        return cls(
            reflected=double(batch, samples + WINDOW),
            frames=double(batch, frames, WINDOW),
            parts=torch.empty(batch * frames, WINDOW + 2, device=waveform.device),
        )


def _each_core(
    work: Callable[[Sequence[Tensor], Sequence[Tensor]], None],
    waveforms: Sequence[Tensor],
    mels: Sequence[Tensor],
) -> None:
    """Deal out groups of items to as many cores as torch may use.

    A few items stay in the cache of their core, which halves the time, and no core waits for
    another after every operation, which takes seconds where other jobs compete for the cores.
    """
    threads = min(torch.get_num_threads(), len(waveforms))
    if threads <= 1:
        work(waveforms, mels)
        return
    allowed = torch.get_num_threads()
    hands = ([parts[core::threads] for core in range(threads)] for parts in (waveforms, mels))
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(work, *hands))  # raises what a thread raised
    finally:
        torch.set_num_threads(allowed)


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
