"""All frames and saliency maps of a split, on the device as bytes for the whole training.

The whole of RAVDESS is 0.7 GB this way, so no frame is read twice and nothing is loaded by workers.
A picture is an item of one frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from mmer.training.kept_audio import span_of, spans_of
from mmer.training.labelled import LabelledItems


@dataclass(frozen=True, kw_only=True)
class FramesOnDevice(LabelledItems):
    """Frames of items, one item after the other.

    Attributes
    ----------
    images, saliency
        ``(frames, 1, 48, 48)`` uint8 on the device.
    offsets
        ``(items + 1,)`` int64: the frames of item ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    item_of_frame
        ``(frames,)`` int64, on the device.
    rate
        Frames per second.
    """

    images: Tensor
    saliency: Tensor
    offsets: np.ndarray
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

    def frame_rows(self, part: str, stride: int = 1) -> Tensor:
        """Positions of every ``stride``-th frame of the items of one part, int64 on the CPU."""
        rows = [
            np.arange(self.offsets[item], self.offsets[item + 1], stride)
            for item in self.rows(part)
        ]
        return torch.from_numpy(np.concatenate(rows))

    def pair(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images and maps ``(rows, 1, 48, 48)`` float32 in [-1, 1].

        Source of the range: (x − 0.5) / 0.5, with which the published network was trained.
        """
        rows = rows.to(self.device, non_blocking=True)
        both = (self.images[rows], self.saliency[rows])
        images, saliency = (pictures.float().mul_(2 / 255).sub_(1) for pictures in both)
        return images, saliency


def load_frames(job: ModelJob, split: Split | None, device: torch.device) -> FramesOnDevice:
    """The frames and maps that a job is told of; see :func:`put_on_device`."""
    frames, saliency = (read_ragged(job.inputs[kind]) for kind in ("frames", "saliency"))
    items = read_items(job.one("items"))
    loaded = put_on_device(frames, saliency, spans_of(job), items, job.classes, split, device)
    return loaded if split is None else replace(loaded, choosing_parts=tuple(job.chosen_by))


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

    A UserError if frames and maps are not of the same items, a group of the split has no item, or
    an item comes twice, has no frame, or has no span.

    Parameters
    ----------
    frames, saliency
        ``(frames, 48, 48)`` uint8 of the same items.
    spans
        Frames outside are left out (variant ``vad``); None keeps all (variant ``full``).
    task
        Items without a class are left out.
    split
        Items of other groups are left out.  None keeps all, and their part is empty.
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
    return FramesOnDevice.on(
        device,
        task,
        chosen,
        part,
        choosing_parts=() if split is None else (split.choosing_part,),
        images=torch.from_numpy(frames.values[of_frames])[:, None].to(device),
        saliency=torch.from_numpy(saliency.values[of_frames])[:, None].to(device),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        item_of_frame=torch.from_numpy(np.repeat(np.arange(len(rows)), lengths)).to(device),
        rate=frames.rate,
    )


def _kept_rows(frames: Ragged, row: int, spans: Mapping[str, SpeechSpan] | None) -> np.ndarray:
    """Positions in ``frames.values`` of what the variant keeps of one item, at least one."""
    name = frames.items[row]
    start, stop = frames.offsets[row : row + 2]
    if start == stop:
        raise UserError(f"item {name} has no frame: replace the recording and prepare it again")
    span = span_of(name, spans)
    return start + frames_within(span, int(stop - start), frames.rate, frames.start_s(row))


def frames_within(
    span: SpeechSpan | None, count: int, rate: float, start_s: float = 0.0
) -> np.ndarray:
    """Positions of the frames shown within a span; the middle one where the span holds none.

    Parameters
    ----------
    span
        In seconds; None keeps all frames.
    rate
        Frames per second; frame ``i`` shows at ``start_s + i / rate``.
    start_s
        When the first frame shows, in seconds of the sound in which spans are found.
    """
    positions = np.arange(count)
    if span is None:
        return positions
    times = start_s + positions / rate
    inside = positions[(times >= span.start_s) & (times < span.stop_s)]
    if len(inside):
        return inside
    middle = round(((span.start_s + span.stop_s) / 2 - start_s) * rate)
    return np.array([min(max(middle, 0), count - 1)])
