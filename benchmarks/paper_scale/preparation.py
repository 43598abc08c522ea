"""Steps from recordings to prepared files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.heavy_film import CLIP, heavy_film
from benchmarks.measure import NotMeasured
from benchmarks.paper_scale.measure import Scale, Step, Work
from benchmarks.paper_scale.training import SEED
from mmer.prepare.decoding import SALIENCY_INPUT_SIZE, decode_clip, decode_whole_frames
from mmer.prepare.msi_net import MsiNet, MsiNetSaliency
from mmer.prepare.saliency import square_maps
from mmer.prepare.voice_activity import detect_speech
from mmer.store import read_ragged

FRAMES_AT_ONCE = {"cpu": 2, "cuda": 64}
"""Frames mapped between two looks at the clock."""


def steps() -> Iterator[Step]:
    """In the order of the workflow."""
    yield Step("prepare_media", "preparation: audio and faces", "clips", False, False, prepare)
    yield Step("detect_speech", "voice activity detection", "clips", False, False, detect)
    yield Step(
        "decode_for_saliency", "decoding whole frames for MSI-Net", "clips", False, False, decode
    )
    yield Step("map_saliency", "MSI-Net's maps", "frames", True, False, map_frames)


def _filmed(way: Callable[[Path], object], scale: Scale) -> Work:
    """A way over one film of RAVDESS's mean length, size and bits per second."""
    movie = heavy_film()

    def clips() -> Iterator[float]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{CLIP.name}.mp4"
            path.write_bytes(movie)
            for _ in range(scale.corpus.clips):
                way(path)
                yield 1

    return Work(clips, scale.corpus.clips)


def prepare(scale: Scale) -> Work:
    """One pass over a clip."""
    settings = scale.plan.configuration.preparation
    return _filmed(partial(decode_clip, settings=settings), scale)


def decode(scale: Scale) -> Work:
    """The second pass, for the saliency method."""
    return _filmed(decode_whole_frames, scale)


def detect(scale: Scale) -> Work:
    """An actor's clips in a job's way, the library's start included."""
    weights = scale.voice_activity
    if weights is None:
        raise NotMeasured("not measured: the weights are not at results/demo/mirror")
    settings = scale.plan.configuration.voice_activity

    def actors() -> Iterator[float]:
        for path in scale.corpus.files("audio"):
            visible = os.environ.get("CUDA_VISIBLE_DEVICES")
            found = detect_speech(read_ragged([path]), weights, settings)
            # The step hides GPUs from its whole process, which here is everybody's.
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            os.environ.update({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})
            yield len(found)

    return Work(actors, scale.corpus.clips)


def map_frames(scale: Scale) -> Work:
    """Maps of noise at the size that whole frames have."""
    settings = scale.plan.configuration.saliency
    if settings.method != "msi_net":
        raise NotMeasured(f"not measured: the configuration's method is {settings.method}")
    method = MsiNetSaliency(settings, MsiNet(settings.width).state_dict(), scale.device)
    shape = (FRAMES_AT_ONCE[scale.device.type], *SALIENCY_INPUT_SIZE, 3)
    frames = np.random.default_rng(SEED).integers(0, 256, shape, dtype=np.uint8)

    def maps() -> Iterator[float]:
        for _ in range(scale.corpus.clips):
            yield len(square_maps(method.maps(frames)))

    return Work(maps, scale.corpus.clips * len(frames))
