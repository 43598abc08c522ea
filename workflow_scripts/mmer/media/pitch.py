"""Pitch and level of a voice, frame by frame, at the frames of the log-mels."""

from __future__ import annotations

from typing import Literal

import librosa
import numpy as np

from mmer.media.log_mel import HOP, POWER_FLOOR, SAMPLE_RATE

WINDOW = 1024
"""Samples of a frame, 64 ms; frames are centred and a hop of 10 ms apart."""


def level(samples: np.ndarray) -> np.ndarray:
    """Mean power of each frame of samples in [-1, 1), ``(frames,)`` float64, dB of a power of 1."""
    power = np.square(_frames(samples)).mean(axis=0)
    return 10 * np.log10(np.maximum(power, POWER_FLOOR))


def pitch(
    samples: np.ndarray,
    method: Literal["yin", "pyin"],
    lowest_hz: float,
    highest_hz: float,
    periodicity: float,
    range_db: float,
) -> np.ndarray:
    """Pitch of each frame, ``(frames,)`` float64 in Hz; NaN where it is not voiced.

    For yin, which gives every frame some pitch, a frame is voiced that repeats itself a period
    later and is not much quieter than the loudest; pyin says so itself.

    Parameters
    ----------
    periodicity
        Correlation with itself a period later, from which a frame is voiced.
    range_db
        How far it may lie below the loudest one.
    """
    given = {"fmin": lowest_hz, "fmax": highest_hz, "sr": SAMPLE_RATE}
    given |= {"frame_length": WINDOW, "hop_length": HOP}
    if method == "pyin":
        return librosa.pyin(samples, **given)[0]
    found = librosa.yin(samples, **given)
    levels = level(samples)
    repeats = _periodicity(samples, np.rint(SAMPLE_RATE / found).astype(int)) >= periodicity
    return np.where(repeats & (levels >= levels.max() - range_db), found, np.nan)


def _frames(samples: np.ndarray) -> np.ndarray:
    """Frames centred on every hop, with silence around the sound, ``(1024, frames)``."""
    return librosa.util.frame(np.pad(samples, WINDOW // 2), frame_length=WINDOW, hop_length=HOP)


def _periodicity(samples: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Correlation of each frame with itself some samples later, ``(frames,)``; 0 in silence."""
    frames = _frames(samples)
    compared = np.arange(WINDOW - periods.max())[:, np.newaxis]
    now, later = frames[compared[:, 0]], np.take_along_axis(frames, compared + periods, axis=0)
    power = np.sqrt(np.square(now).sum(axis=0) * np.square(later).sum(axis=0))
    products = (now * later).sum(axis=0)
    return np.divide(products, power, out=np.zeros_like(products), where=power > 0)
