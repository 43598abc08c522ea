"""Functionals of items: how log-mels, level and pitch lie and move over time.

For each of 64 log-mels (dB), the level (dB) and the pitch of voiced frames (semitones): mean,
deviation, five quantiles, slope and mean change.  For the voice: how much of the item is voiced,
how often it sets in, how long it holds, and how long the item is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mmer.media.log_mel import FULL_SCALE, HOP, MEL_BANDS, SAMPLE_RATE, LogMel
from mmer.media.pitch import level, pitch
from mmer.models.functionals import FunctionalsSettings
from mmer.training.recordings import at_least_shortest

FRAMES_PER_SECOND = SAMPLE_RATE / HOP
ZERO_SEMITONES_HZ = 27.5
"""Of the scale of pitch, as in eGeMAPS: the lowest A of a piano."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FUNCTIONALS = (
    "mean",
    "deviation",
    *(f"quantile{quantile}" for quantile in QUANTILES),
    "slope_per_second",
    "change_per_second",
)
VOICE = ("voiced_share", "voices_per_second", "seconds_per_voice", "seconds")
CURVES = (*(f"log_mel{band}" for band in range(MEL_BANDS)), "level", "pitch")
DIMENSIONS = (*(f"{curve}_{each}" for curve in CURVES for each in FUNCTIONALS), *VOICE)
"""Names of the 598 functionals, in the order of an item's values."""


def functionals_of(
    waveforms: Sequence[np.ndarray], front_end: LogMel, settings: FunctionalsSettings
) -> np.ndarray:
    """All functionals of int16 waveforms, ``(items, 598)`` float32."""
    return np.stack([_of_item(at_least_shortest(w), front_end, settings) for w in waveforms])


def _of_item(samples: np.ndarray, front_end: LogMel, settings: FunctionalsSettings) -> np.ndarray:
    scaled = samples / FULL_SCALE
    log_mels = front_end(torch.from_numpy(scaled)[None])[0].numpy()
    hertz = pitch(
        scaled,
        settings.pitch,
        settings.lowest_hz,
        settings.highest_hz,
        settings.periodicity,
        settings.range_db,
    )
    semitones = 12 * np.log2(hertz / ZERO_SEMITONES_HZ)
    curves = (log_mels, level(scaled)[:, np.newaxis], semitones[:, np.newaxis])
    described = [functionals(curve).ravel() for curve in curves]
    return np.concatenate([*described, _of_voice(~np.isnan(hertz))]).astype(np.float32)


def functionals(curves: np.ndarray) -> np.ndarray:
    """Each of :data:`FUNCTIONALS` of each curve, ``(curves, functionals)`` float64.

    Slope is that of a straight line, change the mean size of the step to the next frame.  Frames
    that are NaN are left out; where none is left, all functionals are 0, as in eGeMAPS.

    Curves are ``(frames, curves)``, 100 frames a second.
    """
    there = ~np.isnan(curves).any(axis=1)
    known = curves[there].astype(np.float64)
    if not len(known):
        return np.zeros((curves.shape[1], len(FUNCTIONALS)))
    times = np.flatnonzero(there) / FRAMES_PER_SECOND
    from_middle = times - times.mean()
    slope = from_middle @ known / max(np.square(from_middle).sum(), 1e-12)
    pairs = there[1:] & there[:-1]
    steps = np.abs(np.diff(curves, axis=0)[pairs]).sum(axis=0) / max(pairs.sum(), 1)
    found = [known.mean(axis=0), known.std(axis=0), *np.quantile(known, QUANTILES, axis=0)]
    return np.stack([*found, slope, steps * FRAMES_PER_SECOND], axis=1)


def _of_voice(voiced: np.ndarray) -> np.ndarray:
    """Each of :data:`VOICE`, given which frames are voiced, ``(4,)`` float64."""
    seconds = len(voiced) / FRAMES_PER_SECOND
    voices = np.diff(voiced.astype(int), prepend=0).clip(min=0).sum()
    held = voiced.sum() / FRAMES_PER_SECOND / max(voices, 1)
    return np.array([voiced.mean(), voices / seconds, held, seconds])
