"""Voice activity detection with inaSpeechSegmenter itself (Doukhan et al. 2018).

Source: paper section 3.2.2.  TensorFlow is kept on the CPU: the network is small, and a GPU that it
grabbed would be missing for training.
"""

from __future__ import annotations

import gc
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import soundfile
from tqdm import tqdm

from mmer.media.checksums import verify
from mmer.media.settings import VoiceActivitySettings
from mmer.media.speech_spans import SpeechSpan, span_of, write_spans
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.job import Job
from mmer.weights import Weights

log = logging.getLogger(__name__)

_BATCH = 1024
"""Patches per call of the network; the library's own default of 32 is slow and gives the same."""


class SpeechJob(Job):
    """What the detection of a speaker's speech is told."""

    audio: Path
    weights: Weights
    settings: VoiceActivitySettings
    out: Path


def detect_speech(job: SpeechJob) -> None:
    """Verify the weights, segment each item, write the table of spans."""
    assert job.weights.sha256 is not None, "the detector's weights are published with a checksum"
    verify(job.weights.path, f"sha256:{job.weights.sha256}")
    spans = find_speech(read_ragged([job.audio]), job.weights.path, job.settings)
    write_spans(job.out, spans)
    log.info("speech found in %d of %d items", sum(s.found for s in spans.values()), len(spans))


def find_speech(
    audio: Ragged, weights: Path, settings: VoiceActivitySettings
) -> dict[str, SpeechSpan]:
    """Find the speech span of every item of one speaker; the weights are already verified."""
    rate = int(audio.rate)
    segment = _segmenter(weights, settings)
    # The library collects garbage after each item, and walks through all of TensorFlow for it: two
    # thirds of its time.  What is frozen is left out.
    gc.freeze()
    spans = {}
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "item.wav"
        for index, item in enumerate(tqdm(audio.items, unit="item", mininterval=5)):
            samples = audio.of(index)
            soundfile.write(wave, samples, rate, subtype="PCM_16")
            spans[item] = span_of(segment(str(wave)), len(samples) / rate)
            if not spans[item].found:
                log.info("%s: no speech found, the whole item is kept", item)
    return spans


def _segmenter(
    weights: Path, settings: VoiceActivitySettings
) -> Callable[[str], list[tuple[str, float, float]]]:
    """The library's segmenter: from a file of sound to labelled segments."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from inaSpeechSegmenter import Segmenter, segmenter

    # The library downloads its weights by itself, unverified; this is the one place to hand it
    # the verified file instead.
    library_lookup = segmenter.get_remote
    segmenter.get_remote = lambda name: str(weights)
    try:
        return Segmenter(
            vad_engine=settings.engine,
            detect_gender=False,
            ffmpeg=None,
            batch_size=_BATCH,
            energy_ratio=settings.energy_ratio,
        )
    finally:
        segmenter.get_remote = library_lookup
