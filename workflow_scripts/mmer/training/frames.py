"""All frames and saliency maps of a split, on the device as bytes for the whole training.

The whole of RAVDESS is 0.7 GB this way, so no frame is read twice and nothing is loaded by workers.
A picture is an item of one frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.items import Items, read_items
from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.protocol import Split
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.job import spans_of


@dataclass(frozen=True)
class FramesOnDevice:
    """Frames of items, one item after the other.

    Attributes
    ----------
    task
        Their classes.
    items
        Rows of the item table, in the order of the frames.
    part
        ``train``, ``choose`` or ``test`` for each item, ``(items,)``; empty without a split.
    choosing_part
        The part by whose items weights are chosen; empty without a split.
    images, saliency
        ``(frames, 1, 48, 48)`` uint8 on the device.
    offsets
        ``(items + 1,)`` int64: the frames of item ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    labels
        ``(items,)`` int64, on the device.
    item_of_frame
        ``(frames,)`` int64, on the device.
    rate
        Frames per second.
    """

    task: Classes
    items: Items
    part: np.ndarray
    choosing_part: str
    images: Tensor
    saliency: Tensor
    offsets: np.ndarray
    labels: Tensor
    item_of_frame: Tensor
    rate: float

    @property
    def device(self) -> torch.device:
        """Where the frames lie."""
        return self.images.device

    @property
    def are_pictures(self) -> bool:
        """Whether every item has one frame only."""
        return len(self.images) == len(self.items)

    def item_rows(self, part: str) -> np.ndarray:
        """Positions of the items of one part, ``(items of the part,)``."""
        return np.flatnonzero(self.part == part)

    def frame_rows(self, part: str, stride: int = 1) -> Tensor:
        """Positions of every ``stride``-th frame of the items of one part, int64 on the CPU."""
        rows = [
            np.arange(self.offsets[item], self.offsets[item + 1], stride)
            for item in self.item_rows(part)
        ]
        return torch.from_numpy(np.concatenate(rows))

    def pair(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images and maps ``(rows, 1, 48, 48)`` float32 in [-1, 1].

        Source of the range: (x − 0.5) / 0.5, with which the published network was trained.
        """
        rows = rows.to(self.device)
        return signed(self.images[rows]), signed(self.saliency[rows])

    def block(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Like :meth:`pair`, for the frames from ``start`` to ``stop``."""
        return signed(self.images[start:stop]), signed(self.saliency[start:stop])


def signed(pictures: Tensor) -> Tensor:
    """Bytes to float32 in [-1, 1]."""
    return pictures.float().mul_(2 / 255).sub_(1)


def load_frames(job: ModelJob, split: Split | None, device: torch.device) -> FramesOnDevice:
    """The frames and maps that a job is told of; see :func:`put_on_device`."""
    frames, saliency = (read_ragged(job.inputs[kind]) for kind in ("frames", "saliency"))
    items = read_items(job.one("items"))
    return put_on_device(frames, saliency, spans_of(job), items, job.classes, split, device)


def put_on_device(
    frames: Ragged,
    saliency: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    items: Items,
    task: Classes,
    split: Split | None,
    device: torch.device,
) -> FramesOnDevice:
    """Put the frames of a split's items on a device, items in the order given.

    Parameters
    ----------
    frames, saliency
        ``(frames, 48, 48)`` uint8 of the same items.
    spans
        Speech spans for the variant with voice activity detection: frames outside are left out.
        None keeps all.
    items
        The item table.
    task
        Items without a class are left out.
    split
        Items of other groups are left out.  None keeps all, and their part is empty.
    device
        Where to put them.

    Raises
    ------
    UserError
        If frames and maps are not of the same items, a group of the split has no item, or an item
        comes twice, has no frame, or has no span.
    """
    names = frames.items
    if names != saliency.items or not np.array_equal(frames.offsets, saliency.offsets):
        raise UserError(
            "frames and saliency maps are not of the same items and frames: give the files of the "
            "same speakers in the same order, or make the maps again"
        )
    if len(set(names)) < len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise UserError(f"the frames of item {doubled} were given twice: name each file once")
    given = items.of(names)
    rows = np.flatnonzero(task.labelled(given))
    chosen = given.of([names[row] for row in rows])
    part = np.full(len(rows), "")
    if split is not None:
        part = split.parts_of(chosen)
        inside = part != ""
        rows, chosen, part = rows[inside], chosen.where(inside), part[inside]
    kept = [_kept_rows(frames, row, spans) for row in rows]
    of_frames = np.concatenate(kept)
    lengths = np.array([len(each) for each in kept])
    return FramesOnDevice(
        task=task,
        items=chosen,
        part=part,
        choosing_part="" if split is None else split.choosing_part,
        images=torch.from_numpy(frames.values[of_frames])[:, None].to(device),
        saliency=torch.from_numpy(saliency.values[of_frames])[:, None].to(device),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=torch.from_numpy(task.labels(chosen)).to(device),
        item_of_frame=torch.from_numpy(np.repeat(np.arange(len(rows)), lengths)).to(device),
        rate=frames.rate,
    )


def _kept_rows(frames: Ragged, row: int, spans: Mapping[str, SpeechSpan] | None) -> np.ndarray:
    """Positions in ``frames.values`` of what the variant keeps of one item, at least one."""
    name = frames.items[row]
    start, stop = frames.offsets[row : row + 2]
    if start == stop:
        raise UserError(f"item {name} has no frame: replace the recording and prepare it again")
    if spans is not None and name not in spans:
        raise UserError(f"item {name} has no speech span: add its speaker's table of spans")
    span = None if spans is None else spans[name]
    return start + frames_within(span, int(stop - start), frames.rate)


def frames_within(span: SpeechSpan | None, count: int, rate: float) -> np.ndarray:
    """Positions of the frames shown within a span; the middle one where the span holds none.

    Parameters
    ----------
    span
        In seconds; None keeps all frames.
    count
        Frames of the item.
    rate
        Frames per second; frame ``i`` shows at ``i / rate``.
    """
    positions = np.arange(count)
    if span is None:
        return positions
    times = positions / rate
    inside = positions[(times >= span.start_s) & (times < span.stop_s)]
    if len(inside):
        return inside
    middle = round((span.start_s + span.stop_s) / 2 * rate)
    return np.array([min(max(middle, 0), count - 1)])
