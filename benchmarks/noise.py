"""Items without meaning: what they cost to train on does not depend on what they show."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmer.items import Items, items_table
from mmer.media.decoding import FRAME_RATE, FRAME_SIZE
from mmer.protocol import TEST, TRAIN
from mmer.ragged import Ragged
from mmer.tasks import Classes
from mmer.training.frames import FramesOnDevice, put_on_device
from mmer.training.recordings import ItemsOnDevice

TASK = Classes(names=tuple(f"class{number}" for number in range(8)), column="class")
FRAMES = 110
"""Of an item; RAVDESS's have as many on average."""


def noise_items(count: int) -> tuple[Items, np.ndarray]:
    """Items and their parts: a fifth is tested on."""
    rows = [
        {"item": f"{row:05d}", "speaker": f"{row % 5}", "class": TASK.names[row // 5 % 8]}
        for row in range(count)
    ]
    part = np.where(np.arange(count) % 5 == 0, TEST, TRAIN)
    return items_table(rows, ["class"]), part


def noise_speech(count: int, shape: tuple[int, ...], device: torch.device) -> ItemsOnDevice:
    """Inputs of a speech network, each of one shape."""
    items, part = noise_items(count)
    inputs: Tensor = 20 * torch.randn(count, *shape, device=device) - 50
    labels = torch.from_numpy(TASK.labels(items)).to(device)
    return ItemsOnDevice(
        task=TASK, items=items, part=part, choosing_parts=(TEST,), labels=labels, inputs=inputs
    )


def noise_frames(count: int, device: torch.device) -> FramesOnDevice:
    """Frames and maps of some items."""
    items, part = noise_items(count)
    random = np.random.default_rng(0)
    shape = (count * FRAMES, FRAME_SIZE, FRAME_SIZE)
    offsets = np.arange(count + 1) * FRAMES
    pictures, maps = (
        Ragged(items.names, random.integers(0, 256, shape, np.uint8), offsets, FRAME_RATE)
        for _ in range(2)
    )
    frames = put_on_device(pictures, maps, None, items, TASK, None, device)
    return FramesOnDevice(**{**vars(frames), "part": part, "choosing_parts": (TEST,)})
