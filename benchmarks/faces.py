"""Lines of the face branch: frames held as bytes against PNG files, and the grid of bi-LSTMs."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.measure import Contest, Line, NotMeasured
from mmer.corpus.clips import Clip
from mmer.face.fine_tuning import SpatialTransformerFineTuning
from mmer.face.frames_on_device import FramesOnDevice, load_frames
from mmer.face.settings import SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.prepare.decoding import FRAME_RATE, FRAME_SIZE
from mmer.store import Ragged

ACTORS, CLIP_FRAMES = (1, 2), 110
"""Actors of the frames, and frames of a clip; RAVDESS has 24 and 110 on average."""
CLIPS = {"cpu": 20, "cuda": 60}
"""Clips of each actor."""
WORKERS = 4


def lines() -> Iterator[Line]:
    """Delivering frames, then a whole epoch."""
    for kind, goal in (("cpu", 20), ("cuda", 20)):
        yield _line(kind, goal, "delivery of an epoch's frames and maps to the device", deliver)
    for kind, goal in (("cpu", None), ("cuda", 20)):
        yield _line(kind, goal, "epoch of the spatial transformer's fine-tuning", train)


def _line(kind: str, goal: float | None, work: str, way: Callable[..., object]) -> Line:
    frames = len(ACTORS) * CLIPS[kind] * CLIP_FRAMES
    return Line(
        work=f"{work}, {frames} frames",
        against=f"a Dataset that opens two PNG files per frame, {WORKERS} workers",
        device="GPU" if kind == "cuda" else "CPU",
        goal=goal,
        repetitions=3,
        prepare=partial(contest, kind, way),
    )


def contest(kind: str, way: Callable[..., object]) -> Contest:
    """The same frames as bytes on the device and as PNG files."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    device = torch.device(kind)
    frames = random_frames(CLIPS[kind], device)
    settings = SpatialTransformerSettings()
    task = SpatialTransformerFineTuning(
        move_to(GuidedSpatialTransformer(), device), frames, settings
    )
    folder = tempfile.TemporaryDirectory()
    loader = png_loader(frames, Path(folder.name), settings.batch_size)
    other = SpatialTransformerFineTuning(GuidedSpatialTransformer().to(device), frames, settings)

    def ours() -> object:
        return way(task, _batches(task))

    def theirs(kept: tempfile.TemporaryDirectory = folder) -> object:
        assert Path(kept.name).is_dir()  # the folder lives as long as the contest
        return way(other, (tuple(part.to(device) for part in batch) for batch in loader))

    return Contest(ours, theirs, "the same batches of 128 in random order", device)


def random_frames(clips: int, device: torch.device) -> FramesOnDevice:
    """Frames of noise under clip names, all of them to train on."""
    names = [
        Clip.parse(f"01-01-{1 + i % 8:02d}-01-{1 + i // 8 % 2:02d}-{1 + i // 16:02d}-{actor:02d}")
        for actor in ACTORS
        for i in range(clips)
    ]
    random = np.random.default_rng(0)
    shape = (len(names) * CLIP_FRAMES, FRAME_SIZE, FRAME_SIZE)
    offsets = np.arange(len(names) + 1) * CLIP_FRAMES
    pictures, maps = (
        Ragged(
            tuple(clip.name for clip in names),
            random.integers(0, 256, shape).astype(np.uint8),
            offsets,
            FRAME_RATE,
        )
        for _ in range(2)
    )
    frames = load_frames(pictures, maps, None, None, device)
    return dataclasses.replace(frames, part=np.full(len(names), "train"))


Batch = tuple[Tensor, Tensor, Tensor]


def _batches(task: SpatialTransformerFineTuning) -> Iterator[Batch]:
    """Images, maps and labels of every batch of an epoch."""
    for rows in task.batches(torch.Generator().manual_seed(0)):
        labels = task.frames.clip_labels[task.frames.clip_of_frame[rows.to(task.frames.device)]]
        yield (*task.frames.pair(rows), labels)


def deliver(task: SpatialTransformerFineTuning, batches: Iterator[Batch]) -> int:
    """Take every batch and do nothing with it."""
    return sum(len(images) for images, _, _ in batches)


def train(task: SpatialTransformerFineTuning, batches: Iterator[Batch]) -> None:
    """One optimiser step per batch."""
    task.network.train()
    for images, maps, labels in batches:
        task.optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(task.network(images, maps).logits, labels).backward()
        task.optimizer.step()


class PngPairs(Dataset):
    """A frame and its map from two files, as tensors in [-1, 1], and its label."""

    def __init__(self, folder: Path, labels: list[int]) -> None:
        self.folder = folder
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, int]:
        image, saliency = (self._read(f"{kind}_{row}.png") for kind in ("frame", "map"))
        return image, saliency, self.labels[row]

    def _read(self, name: str) -> Tensor:
        picture = np.asarray(Image.open(self.folder / name).convert("L"), np.float32)
        return torch.from_numpy(picture / 127.5 - 1)[None]


def png_loader(frames: FramesOnDevice, folder: Path, batch_size: int) -> DataLoader:
    """The frames as PNG files behind a loader with workers."""
    for kind, pictures in (("frame", frames.images), ("map", frames.saliency)):
        for row, picture in enumerate(pictures[:, 0].cpu().numpy()):
            Image.fromarray(picture).save(folder / f"{kind}_{row}.png")
    labels = frames.clip_labels[frames.clip_of_frame].tolist()
    return DataLoader(
        PngPairs(folder, labels), batch_size=batch_size, shuffle=True, num_workers=WORKERS
    )
