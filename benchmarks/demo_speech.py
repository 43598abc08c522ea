"""The synthetic corpus's speech as the workflow prepares it: 16 kHz mono int16."""

from __future__ import annotations

import functools

import numpy as np
from scipy.signal import resample_poly

from mmer.corpus.synthetic.inventory import clips_of_actor
from mmer.corpus.synthetic.settings import AUDIO_RATE, SyntheticCorpusSettings
from mmer.corpus.synthetic.voice import speak, timbre_of
from mmer.speech.log_mel import SAMPLE_RATE
from mmer.store import Ragged

SEED = 2020
FULL_SCALE = 32_768


@functools.cache
def speech_of(actor: int, clips: int) -> Ragged:
    """The first clips of an actor, spoken by the demo's synthetic voice."""
    settings = SyntheticCorpusSettings(seed=SEED)
    timbre = timbre_of(actor, settings)
    chosen = sorted(clips_of_actor(actor, clips), key=lambda clip: clip.name)
    spoken = [speak(clip, timbre, settings).samples for clip in chosen]
    return Ragged.join([clip.name for clip in chosen], [_prepared(s) for s in spoken], SAMPLE_RATE)


def _prepared(samples: np.ndarray) -> np.ndarray:
    """float32 in [-1, 1] at the corpus's rate to int16 at the workflow's."""
    at_rate = resample_poly(samples.astype(np.float64), 1, AUDIO_RATE // SAMPLE_RATE)
    return (at_rate * FULL_SCALE).round().clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def waveforms(speech: Ragged, seconds: float) -> np.ndarray:
    """Every clip cut or padded to one length, ``(clips, samples)`` float32 in [-1, 1)."""
    length = round(seconds * SAMPLE_RATE)
    padded = np.zeros((len(speech), length), np.float32)
    for row in range(len(speech)):
        kept = speech.of(row)[:length]
        padded[row, : len(kept)] = kept / np.float32(FULL_SCALE)
    return padded
