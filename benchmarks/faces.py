"""Lines of the face branch: an epoch on frames held as bytes against one on PNG files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.measure import Contest, Line, NotMeasured
from benchmarks.noise import FRAMES, TASK, noise_frames
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.models.networks.spatial_transformer_training import SpatialTransformerTraining
from mmer.models.spatial_transformer import SpatialTransformerSettings

ITEMS = {"cpu": 50, "cuda": 150}
"""A fifth of them is tested on."""
WORKERS = 4

Batch = tuple[Tensor, Tensor, Tensor]
"""Images, maps and labels."""


def lines() -> Iterator[Line]:
    """A line for each kind of device."""
    for kind, goal in (("cpu", None), ("cuda", 20)):
        yield Line(
            work=f"epoch of the spatial transformer's training, {ITEMS[kind] * 4 // 5 * FRAMES} "
            "frames",
            against=f"a Dataset that opens two PNG files per frame, {WORKERS} workers",
            device="GPU" if kind == "cuda" else "CPU",
            goal=goal,
            repetitions=3,
            prepare=partial(contest, kind),
        )


def contest(kind: str) -> Contest:
    """The same frames as bytes on the device and as PNG files."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    device = torch.device(kind)
    frames, settings = noise_frames(ITEMS[kind], device), SpatialTransformerSettings()
    network = move_to(GuidedSpatialTransformer(classes=TASK.outputs), device)
    other = GuidedSpatialTransformer(classes=TASK.outputs).to(device)
    mine, theirs = (SpatialTransformerTraining(n, frames, settings) for n in (network, other))
    folder = Path(tempfile.mkdtemp())
    loader = png_loader(mine, folder)

    def from_bytes() -> Iterator[Batch]:
        labels = frames.labels[frames.item_of_frame]
        for rows in mine.batches(torch.Generator().manual_seed(0)):
            yield (*frames.pair(rows), labels[rows.to(device)])

    def from_files() -> Iterator[Batch]:
        for images, maps, labels in loader:
            yield images.to(device), maps.to(device), labels.to(device)

    return Contest(
        lambda: train(mine, from_bytes()),
        lambda: train(theirs, from_files()),
        f"the same batches of {settings.batch_size} in random order",
        device,
    )


def train(training: SpatialTransformerTraining, batches: Iterable[Batch]) -> None:
    """One optimiser step per batch."""
    training.network.train()
    for images, maps, labels in batches:
        training.optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(training.network(images, maps).logits, labels).backward()
        training.optimizer.step()


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


def png_loader(training: SpatialTransformerTraining, folder: Path) -> DataLoader:
    """The training's frames as PNG files behind a loader with workers."""
    frames = training.frames
    rows = torch.cat(list(training.batches(torch.Generator())))
    for kind, pictures in (("frame", frames.images), ("map", frames.saliency)):
        for number, row in enumerate(rows):
            Image.fromarray(pictures[row, 0].cpu().numpy()).save(folder / f"{kind}_{number}.png")
    labels = frames.labels[frames.item_of_frame][rows.to(frames.device)].tolist()
    size = training.settings.batch_size
    return DataLoader(PngPairs(folder, labels), batch_size=size, shuffle=True, num_workers=WORKERS)
