"""Spectrograms as pictures, the input of AlexNet: the image a plotting library would draw.

DeepSpectrum (paper reference 48) draws each spectrogram with matplotlib as coloured cells that fill
a picture without axes.  matplotlib moves the borders of such cells to whole pixels, so every pixel
shows exactly one cell, and the picture is the spectrogram indexed by rows and columns.

Facts are those of DeepSpectrum 0.6.9 with librosa 0.7, on which it depends.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import librosa
import matplotlib
import numpy as np
import scipy.signal
import scipy.sparse

from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE
from mmer.media.spectrogram_image_settings import SpectrogramImageSettings

POWER_FLOOR = 1e-10
"""Powers below this count as this: librosa's smallest power, or amplitude of 1e-5."""
COLOURS = 256
"""Entries of matplotlib's colour maps."""
EVEN_BELOW_HZ = 1_000
"""librosa's axis for mel bands is even below, and logarithmic above, where ..."""
EVEN_PER_OCTAVE = 2
"""... an octave is as high as half of the even part (matplotlib's symmetric logarithm, base 2)."""


def spectrogram_images(
    waveforms: Sequence[np.ndarray], settings: SpectrogramImageSettings
) -> np.ndarray:
    """An image of each int16 waveform at 16 kHz, padded with silence to one window at least.

    ``(items, size, size, 3)`` uint8, red-green-blue, low frequencies at the bottom.
    """
    images = np.empty((len(waveforms), settings.size, settings.size, 3), dtype=np.uint8)
    colours = _colours(settings.colour_map)
    rows = _rows(settings)
    for image, waveform in zip(images, waveforms, strict=True):
        levels = _levels(spectrogram(waveform, settings))
        columns = _columns(levels.shape[1], settings)
        cells = cv2.applyColorMap(levels.take(columns, axis=1), colours)
        # Rows last: a row of pixels is copied in one piece.
        np.take(cells, rows, axis=0, out=image, mode="clip")
    return images


def window_samples(settings: SpectrogramImageSettings) -> int:
    """Samples of the Hann window and of the Fourier transform: a power of two."""
    return 1 << (int(settings.window_seconds * SAMPLE_RATE) - 1).bit_length()


def spectrogram(waveform: np.ndarray, settings: SpectrogramImageSettings) -> np.ndarray:
    """A spectrogram in dB below its loudest point, of int16 mono at 16 kHz, ``(samples,)``.

    ``(bins, frames)`` or ``(mel bands, frames)`` float32, lowest frequency first.  Rounding follows
    librosa (float64 transform, kept as float32), since a colour may turn on it.
    """
    length = window_samples(settings)
    samples = waveform.astype(np.float32) / FULL_SCALE
    if len(samples) < length:
        samples = np.pad(samples, (0, length - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[:: length // 2]
    spectrum = np.fft.rfft(frames * scipy.signal.get_window("hann", length)).astype(np.complex64)
    # Frequencies in rows: the filterbank adds whole rows.
    power = np.square(np.abs(spectrum).T, order="C")
    if settings.mode == "mel":
        power = _mel_filters(length, settings.mel_bands) @ power
    decibels = 10 * np.log10(np.maximum(power, POWER_FLOOR))
    return decibels - 10 * np.log10(np.maximum(power.max(), POWER_FLOOR))


def _levels(decibels: np.ndarray) -> np.ndarray:
    """Which colour each cell has, from 0 for the quietest to 255 for the loudest; ``uint8``."""
    quietest, loudest = np.float64(decibels.min()), np.float64(decibels.max())
    if quietest == loudest:
        return np.zeros(decibels.shape, dtype=np.uint8)
    share = decibels - np.float32(quietest)
    share /= loudest - quietest  # divided in float64 and kept as float32, as matplotlib does
    share *= COLOURS
    return np.minimum(share, COLOURS - 1, out=share).astype(np.uint8)


def _columns(frames: int, settings: SpectrogramImageSettings) -> np.ndarray:
    """The frame that each column of pixels shows, ``(size,)``."""
    hop = window_samples(settings) // 2
    borders_s = np.arange(frames + 1) * hop / SAMPLE_RATE
    pixels = borders_s * (settings.size * (1 / borders_s[-1]))
    return _cell_of_pixel(pixels, settings.size)


def _rows(settings: SpectrogramImageSettings) -> np.ndarray:
    """The bin or band that each row of pixels shows, from the top, ``(size,)``."""
    heights = _heights(settings)
    from_the_top = settings.size - heights * (settings.size * (1 / heights[-1]))
    bands_down = _cell_of_pixel(from_the_top[::-1], settings.size)
    return len(heights) - 2 - bands_down


def _heights(settings: SpectrogramImageSettings) -> np.ndarray:
    """Borders of the bins or bands on the frequency axis, in its own units, ``(bands + 1,)``.

    librosa 0.7 draws the borders half-way between centres, the first at 0 Hz and the last at half
    the sampling rate.
    """
    highest_hz = SAMPLE_RATE / 2
    if settings.mode == "linear":
        centres_hz = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=window_samples(settings))
    else:
        centres_hz = librosa.mel_frequencies(settings.mel_bands, fmin=0, fmax=highest_hz)
    between = centres_hz[1:] - 0.5 * np.diff(centres_hz)
    borders_hz = np.concatenate([[0.0], between, [highest_hz]])
    if settings.mode == "linear":
        return borders_hz
    octaves = np.log2(np.maximum(borders_hz, EVEN_BELOW_HZ) / EVEN_BELOW_HZ)
    even = EVEN_PER_OCTAVE * np.minimum(borders_hz, EVEN_BELOW_HZ)
    return even + EVEN_BELOW_HZ * octaves


def _cell_of_pixel(borders: np.ndarray, size: int) -> np.ndarray:
    """Which cell each pixel shows when borders, rising, are moved to the nearest whole pixel."""
    moved = np.floor(borders + 0.5)
    return np.searchsorted(moved, np.arange(size), side="right") - 1


def _colours(name: str) -> np.ndarray:
    """A colour map as red-green-blue bytes, ``(256, 1, 3)``."""
    shares = matplotlib.colormaps[name](np.arange(COLOURS))[:, None, :3]
    return np.floor(shares * 255 + 0.5).astype(np.uint8)


@lru_cache(maxsize=16)
def _mel_filters(length: int, bands: int) -> scipy.sparse.csr_array:
    """librosa's Slaney filterbank up to half the sampling rate, ``(bands, bins)`` float32.

    Each band covers a few bins: as a sparse matrix it takes a fifth of the time.
    """
    return scipy.sparse.csr_array(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=length, n_mels=bands))
