"""Spectrogram images drawn with a plotting library, as DeepSpectrum's settings ask for them."""

from __future__ import annotations

import io

import librosa
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mmer.speech.log_mel import SAMPLE_RATE
from mmer.speech.spectrogram_image_settings import SpectrogramImageSettings

WINDOW, HOP = 512, 256
FULL_SCALE = 32_768


def draw(waveform: np.ndarray, settings: SpectrogramImageSettings) -> np.ndarray:
    """Draw one clip, int16 at 16 kHz, through a PNG: ``(size, size, 3)`` uint8."""
    decibels, borders_hz = _spectrogram(waveform, settings)
    times = librosa.frames_to_time(np.arange(decibels.shape[1] + 1), sr=SAMPLE_RATE, hop_length=HOP)
    figure = Figure(figsize=(1, 1), frameon=False)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.pcolormesh(times, borders_hz, decibels, cmap=settings.colour_map, shading="flat")
    axes.set(xlim=(times[0], times[-1]), ylim=(borders_hz[0], borders_hz[-1]))
    if settings.mode == "mel":
        axes.set_yscale("symlog", linthresh=1000.0, base=2)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=settings.size)
    return np.asarray(Image.open(png).convert("RGB"))


def _spectrogram(
    waveform: np.ndarray, settings: SpectrogramImageSettings
) -> tuple[np.ndarray, np.ndarray]:
    """librosa's spectrogram in dB below its loudest point, and the borders of its rows in Hz."""
    samples = waveform.astype(np.float32) / FULL_SCALE
    magnitude = np.abs(librosa.stft(samples, n_fft=WINDOW, hop_length=HOP, center=False))
    highest_hz = SAMPLE_RATE / 2
    if settings.mode == "linear":
        centres_hz = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=WINDOW)
        decibels = librosa.amplitude_to_db(magnitude, ref=np.max, top_db=None)
    else:
        centres_hz = librosa.mel_frequencies(settings.mel_bands, fmin=0, fmax=highest_hz)
        mel = librosa.feature.melspectrogram(
            S=magnitude**2, sr=SAMPLE_RATE, n_mels=settings.mel_bands
        )
        decibels = librosa.power_to_db(mel, ref=np.max, top_db=None)
    between = (centres_hz[:-1] + centres_hz[1:]) / 2
    return decibels, np.array([0.0, *between, highest_hz])
