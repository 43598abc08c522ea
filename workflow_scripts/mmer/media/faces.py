"""Where the face of a film is: boxes by a detector, followed over time, and square crops.

Faces are found by a cascade of local binary patterns (Liao et al. 2007) that comes with
scikit-image; it knows faces from the front.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import median_filter, uniform_filter1d

from mmer.media.settings import FaceSettings
from mmer.runtime.errors import UserError

SCALES, STEPS = 1.2, 1.5
"""By what window sizes and places differ; finer ones take longer and move boxes by a few pixels."""

ODD_SIZE = 1.5
"""How many times smaller or larger than in most of a film a face is not believed."""

log = logging.getLogger(__name__)


class NoFaceError(UserError):
    """Films in which no face is found."""

    def __init__(self, films: Sequence[Path | str]) -> None:
        super().__init__(
            f"no face is found in {', '.join(map(str, films))}: give a film that shows one upright "
            "and from the front, or lower faces.smallest_share"
        )
        self.films = films


class FaceDetector:
    """Finds faces in upright pictures.

    Boxes are ``(left, top, side)`` in pixels of the picture that was given, float64; they go from
    the forehead to the chin.
    """

    def __init__(self, settings: FaceSettings) -> None:
        from skimage import data
        from skimage.feature import Cascade

        self.settings = settings
        self._cascade = Cascade(data.lbp_frontal_face_cascade_filename())

    def faces(self, picture: np.ndarray) -> np.ndarray:
        """Boxes ``(faces, 3)``, the face first that stands out: large and near the middle.

        The picture, ``(height, width)`` or ``(height, width, 3)`` uint8, is made small for the
        search.
        """
        height, width = picture.shape[:2]
        ratio = min(self.settings.search_height / min(height, width), 1)
        size = (max(round(width * ratio), 1), max(round(height * ratio), 1))
        grey = Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX)
        smallest = max(round(self.settings.smallest_share * min(size)), 1)
        found = self._cascade.detect_multi_scale(
            img=np.asarray(grey),
            scale_factor=SCALES,
            step_ratio=STEPS,
            min_size=(smallest, smallest),
            max_size=(min(size), min(size)),
        )
        boxes = [(box["c"] / ratio, box["r"] / ratio, box["width"] / ratio) for box in found]
        return np.array(sorted(boxes, key=lambda box: -_prominence(box, height, width)))

    def face(self, picture: np.ndarray) -> np.ndarray | None:
        """The box ``(3,)`` of the face that stands out; None where there is none."""
        boxes = self.faces(picture)
        return boxes[0] if len(boxes) else None


def _prominence(box: tuple[float, float, float], height: int, width: int) -> float:
    """A box's side in pixels, less the farther it is from the middle, in a corner nothing."""
    left, top, side = box
    across, down = 2 * (left + side / 2) / width - 1, 2 * (top + side / 2) / height - 1
    return side * (1 - np.hypot(across, down) / np.sqrt(2))


def followed(
    looks: Sequence[np.ndarray | None], frames: int, settings: FaceSettings, name: Path | str
) -> np.ndarray:
    """The box of every frame, ``(frames, 3)``, from what was found in every ``look_every``-th.

    Looks that find nothing, or a face of another size than most, are bridged; a running median
    drops what only one look sees, and a running mean and interpolation let the box glide.

    A NoFaceError if no look finds one.
    """
    assert len(looks) == -(-frames // settings.look_every), "a look at every so many frames"
    at = np.arange(len(looks)) * settings.look_every
    seen = np.array([look is not None for look in looks], dtype=bool)
    if not seen.any():
        raise NoFaceError([name])
    if 2 * seen.sum() < len(looks):
        log.warning("%s shows a face in %d of %d looks only", name, seen.sum(), len(looks))
    found = np.stack([np.full(3, np.nan) if look is None else look for look in looks])
    sides = found[:, 2] / np.median(found[seen, 2])
    seen &= (sides < ODD_SIZE) & (sides > 1 / ODD_SIZE)
    found = found[seen]
    # What is smoothed is the middle and the size.
    found[:, :2] += found[:, 2:] / 2
    bridged = np.stack([np.interp(at, at[seen], column) for column in found.T], axis=1)
    window = settings.smoothed_looks
    steady = median_filter(bridged, size=(window, 1), mode="nearest")
    steady = uniform_filter1d(steady, window, axis=0, mode="nearest")
    every = np.stack([np.interp(np.arange(frames), at, column) for column in steady.T], axis=1)
    every[:, :2] -= every[:, 2:] / 2
    return every


def square_crop(picture: np.ndarray, box: np.ndarray, size: int, margin: float) -> np.ndarray:
    """A face with what is around it, ``(size, size, ...)`` uint8.

    Parameters
    ----------
    picture
        ``(height, width)`` or ``(height, width, 3)`` uint8.
    box
        Left, top and side in its pixels.
    margin
        Shares of the side that are added on each side; beyond the picture its border goes on.
    """
    left, top, side = box
    start = np.round([top - margin * side, left - margin * side]).astype(int)
    stop = start + max(round(side * (1 + 2 * margin)), 1)
    limit = np.array(picture.shape[:2])
    outside = [(max(-a, 0), max(b - m, 0)) for a, b, m in zip(start, stop, limit, strict=True)]
    (top, left), (bottom, right) = np.clip(start, 0, limit), np.clip(stop, 0, limit)
    inside = picture[top:bottom, left:right]
    assert inside.size, "a box overlaps its picture"
    if any(map(any, outside)):
        inside = np.pad(inside, [*outside, *[(0, 0)] * (picture.ndim - 2)], mode="edge")
    small = Image.fromarray(inside).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(small)
