"""All frames and saliency maps of a split, on the device as bytes for the whole training.

The whole of RAVDESS is 0.7 GB this way, so no frame is read twice and nothing is loaded by workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.store import Ragged


@dataclass(frozen=True)
class FramesOnDevice:
    """Frames of clips, one clip after the other.

    Attributes
    ----------
    clips
        Clip names.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    images, saliency
        ``(frames, 1, 48, 48)`` uint8 on the device.
    offsets
        ``(clips + 1,)`` int64: the frames of clip ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    clip_labels
        ``(clips,)`` int64, on the device.
    clip_of_frame
        ``(frames,)`` int64, on the device.
    rate
        Frames per second.
    """

    clips: tuple[str, ...]
    part: np.ndarray
    images: Tensor
    saliency: Tensor
    offsets: np.ndarray
    clip_labels: Tensor
    clip_of_frame: Tensor
    rate: float

    @property
    def device(self) -> torch.device:
        """Where the frames lie."""
        return self.images.device

    def clip_rows(self, part: str) -> np.ndarray:
        """Positions of the clips of one part, ``(clips of the part,)``."""
        return np.flatnonzero(self.part == part)

    def frame_rows(self, part: str, stride: int = 1) -> Tensor:
        """Positions of every ``stride``-th frame of the clips of one part, int64 on the CPU."""
        rows = [
            np.arange(self.offsets[clip], self.offsets[clip + 1], stride)
            for clip in self.clip_rows(part)
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


def load_frames(
    frames: Ragged,
    saliency: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split | None,
    device: torch.device,
) -> FramesOnDevice:
    """Put the frames of a split's actors on a device, clips in the order given.

    Parameters
    ----------
    frames, saliency
        ``(frames, 48, 48)`` uint8 of the same clips.
    spans
        Speech spans for the variant with voice activity detection: frames outside are left out.
        None keeps all.
    split
        Says which clips are held out; clips of other actors are left out.  None keeps all clips,
        and their part is empty.
    device
        Where to put them.

    Raises
    ------
    UserError
        If frames and maps are not of the same clips, an actor of the split has no clip, or a clip
        comes twice, has no frame, or has no span.
    """
    if frames.clips != saliency.clips or not np.array_equal(frames.offsets, saliency.offsets):
        raise UserError(
            "frames and saliency maps are not of the same clips and frames: give the files of the "
            "same actors in the same order, or make the maps again"
        )
    chosen = _clips_of(split, frames.clips)
    kept = [_kept_rows(frames, row, spans) for row in chosen]
    rows = np.concatenate(kept)
    lengths = np.array([len(each) for each in kept])
    names = tuple(frames.clips[row] for row in chosen)
    clips = [Clip.parse(name) for name in names]
    return FramesOnDevice(
        clips=names,
        part=np.array(["" if split is None else split.part(clip.actor) for clip in clips]),
        images=torch.from_numpy(frames.values[rows])[:, None].to(device),
        saliency=torch.from_numpy(saliency.values[rows])[:, None].to(device),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        clip_labels=torch.tensor([clip.label for clip in clips], device=device),
        clip_of_frame=torch.from_numpy(np.repeat(np.arange(len(clips)), lengths)).to(device),
        rate=frames.rate,
    )


def _clips_of(split: Split | None, names: Sequence[str]) -> list[int]:
    """Rows of the split's clips, in the order given."""
    by_row = [Clip.parse(name).actor for name in names]
    if len(set(names)) < len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise UserError(f"the frames of clip {doubled} were given twice: name each file once")
    if split is None:
        return list(range(len(names)))
    actors = {*split.train_actors, *split.heldout_actors}
    absent = actors - set(by_row)
    if absent:
        raise UserError(
            f"split {split.name} needs actor {min(absent)}, who has no clip in the frames given: "
            "add that actor's frames"
        )
    return [row for row, actor in enumerate(by_row) if actor in actors]


def _kept_rows(frames: Ragged, row: int, spans: Mapping[str, SpeechSpan] | None) -> np.ndarray:
    """Positions in ``frames.values`` of what the variant keeps of one clip, at least one."""
    name = frames.clips[row]
    start, stop = frames.offsets[row : row + 2]
    if start == stop:
        raise UserError(f"clip {name} has no frame: replace the recording and prepare it again")
    if spans is not None and name not in spans:
        raise UserError(f"clip {name} has no speech span: add its actor's table of spans")
    span = None if spans is None else spans[name]
    return start + frames_within(span, int(stop - start), frames.rate)


def frames_within(span: SpeechSpan | None, count: int, rate: float) -> np.ndarray:
    """Positions of the frames shown within a span; the middle one where the span holds none.

    Parameters
    ----------
    span
        In seconds; None keeps all frames.
    count
        Frames of the clip.
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
