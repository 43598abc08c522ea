"""Clips of faces whose emotion is the place of a bright square, and their saliency maps."""

from __future__ import annotations

import numpy as np
import torch

from mmer.corpus.folds import Split
from mmer.face.frames_on_device import FramesOnDevice, load_frames
from mmer.store import Ragged

CPU = torch.device("cpu")
RATE = 30.0
SPLIT = Split("heldout0", train_actors=(1, 2), heldout_actors=(3,))


def clip_name(emotion: int, actor: int) -> str:
    """The name of an actor's clip of an emotion."""
    return f"01-01-{emotion:02d}-01-01-01-{actor:02d}"


def bright_square(emotion: int, actor: int, count: int) -> np.ndarray:
    """Frames with a bright square whose place tells the emotion, over faint noise."""
    frames = np.random.default_rng(100 * actor + emotion).integers(0, 40, (count, 48, 48))
    row, column = divmod(emotion - 1, 3)
    frames[:, 4 + 14 * row : 14 + 14 * row, 4 + 14 * column : 14 + 14 * column] += 200
    return frames.astype(np.uint8)


def frames_and_maps(
    actors: tuple[int, ...] = (1, 2, 3), emotions: tuple[int, ...] = (1, 3, 5)
) -> tuple[Ragged, Ragged]:
    """Frames and maps; clips of 4, 5, 6, ... frames."""
    keys = [(emotion, actor) for actor in actors for emotion in emotions]
    names = [clip_name(*key) for key in keys]
    pictures = [bright_square(*key, count=4 + index) for index, key in enumerate(keys)]
    maps = [np.full_like(clip, 128) for clip in pictures]
    return Ragged.join(names, pictures, RATE), Ragged.join(names, maps, RATE)


def load(split: Split = SPLIT, spans: dict | None = None, **choice) -> FramesOnDevice:
    """Those clips on the CPU."""
    return load_frames(*frames_and_maps(**choice), spans, split, CPU)
