"""Voice activity detection with inaSpeechSegmenter itself (Doukhan et al. 2018).

Source: paper section 3.2.2.  TensorFlow is kept on the CPU: the network is small, and a GPU that it
grabbed would be missing for training.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from mmer.prepare.decoding import SAMPLE_RATE
from mmer.prepare.settings import VoiceActivitySettings
from mmer.prepare.speech_spans import SpeechSpan, span_of
from mmer.store import Ragged

log = logging.getLogger(__name__)

_BATCH = 1024
"""Patches per call of the network; the library's own default of 32 is slow and gives the same."""

Segment = tuple[str, float, float]


def detect_speech(
    audio: Ragged,
    weights: Path,
    settings: VoiceActivitySettings,
    progress: Callable[[Iterator[int]], Iterator[int]] = iter,
) -> dict[str, SpeechSpan]:
    """Find the speech span of every clip of one actor.

    Parameters
    ----------
    audio
        16 kHz mono int16 samples of every clip.
    weights
        ``keras_speech_music_noise_cnn.hdf5``, already verified.
    settings
        The engine's settings.
    progress
        Wraps the iteration over clips, for a progress bar.
    """
    with _segmenter(weights, settings) as segment:
        spans = {}
        for index in progress(iter(range(len(audio)))):
            samples = audio.of(index)
            span = span_of(segment(samples), len(samples) / SAMPLE_RATE)
            if not span.found:
                log.info("%s: no speech found, the whole clip is kept", audio.clips[index])
            spans[audio.clips[index]] = span
    return spans


@contextmanager
def _segmenter(
    weights: Path, settings: VoiceActivitySettings
) -> Iterator[Callable[[np.ndarray], list[Segment]]]:
    """A function from samples to labelled segments, backed by one Segmenter and one folder."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from inaSpeechSegmenter import Segmenter, segmenter

    # The library downloads its weights by itself, unverified; this is the one place to hand it
    # the verified file instead.
    library_lookup = segmenter.get_remote
    segmenter.get_remote = lambda name: str(weights)
    try:
        segment = Segmenter(
            vad_engine=settings.engine,
            detect_gender=False,
            ffmpeg=None,
            batch_size=_BATCH,
            energy_ratio=settings.energy_ratio,
        )
    finally:
        segmenter.get_remote = library_lookup
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "clip.wav"

        def segments_of(samples: np.ndarray) -> list[Segment]:
            soundfile.write(wave, samples, SAMPLE_RATE, subtype="PCM_16")
            return segment(str(wave))

        yield segments_of
