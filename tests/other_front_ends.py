"""The front ends as other libraries alone make them: librosa's numbers, matplotlib's pictures."""

from __future__ import annotations

import io

import librosa
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mmer.media.spectrogram_image_settings import SpectrogramImageSettings

RATE = 16_000


def librosa_log_mel(waveform: np.ndarray) -> np.ndarray:
    """The published front end written with librosa alone, ``(frames, 64)`` float64."""
    spectrum = librosa.stft(
        waveform.astype(np.float64),
        n_fft=512,
        hop_length=160,
        window="hann",
        center=True,
        pad_mode="reflect",
    )
    filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=64, fmin=50, fmax=8_000)
    power = filters.astype(np.float64) @ np.abs(spectrum) ** 2
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None).T


def librosa_decibels(clip: np.ndarray, mode: str) -> np.ndarray:
    """The spectrogram as librosa computes it."""
    spectrum = librosa.stft(
        clip.astype(np.float32) / 32768, n_fft=512, hop_length=256, center=False
    )
    if mode == "linear":
        return librosa.amplitude_to_db(np.abs(spectrum), ref=np.max, top_db=None)
    mel = librosa.feature.melspectrogram(S=np.abs(spectrum) ** 2, sr=RATE, n_mels=128)
    return librosa.power_to_db(mel, ref=np.max, top_db=None)


def _borders_hz(mode: str) -> np.ndarray:
    """Cell borders as librosa 0.7 lays them: half-way, from 0 Hz to half the rate."""
    if mode == "linear":
        centres = librosa.fft_frequencies(sr=RATE, n_fft=512)
    else:
        centres = librosa.mel_frequencies(128, fmin=0, fmax=8000)
    return np.array([0, *(centres[:-1] + centres[1:]) / 2, 8000])


def drawn(clip: np.ndarray, settings: SpectrogramImageSettings) -> np.ndarray:
    """One inch of coloured cells without axes, through a PNG, as DeepSpectrum's settings ask."""
    decibels = librosa_decibels(clip, settings.mode)
    times = librosa.frames_to_time(np.arange(decibels.shape[1] + 1), sr=RATE, hop_length=256)
    figure = Figure(figsize=(1, 1), frameon=False)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    borders = _borders_hz(settings.mode)
    axes.pcolormesh(times, borders, decibels, cmap=settings.colour_map, shading="flat")
    axes.set(xlim=(times[0], times[-1]), ylim=(borders[0], borders[-1]))
    if settings.mode == "mel":
        axes.set_yscale("symlog", linthresh=1000.0, base=2)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=settings.size)
    return np.asarray(Image.open(png).convert("RGB"))
