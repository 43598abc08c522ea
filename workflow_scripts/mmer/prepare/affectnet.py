"""AffectNet's pictures as 48×48 grey faces with saliency maps.

Source: the published code of Luna-Jiménez et al. 2021, Guided Spatial Transformers for Facial
Expression Recognition (paper reference 60): saliency of the original picture; picture and map to
grey and by bicubic resizing to 48×48, without keeping the aspect.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmer.corpus.affectnet import (
    AffectNetFolder,
    AffectNetRows,
    emotion_labels,
    valence_labels,
)
from mmer.errors import UserError
from mmer.prepare.affectnet_pictures import PreparedPicture, write_pictures
from mmer.prepare.affectnet_settings import AffectNetPreparationSettings
from mmer.prepare.decoding import FRAME_SIZE
from mmer.prepare.saliency import SaliencyMethod

AHEAD = 4
"""Decoded pictures that may wait, per thread."""
TOGETHER = 16
"""Pictures whose saliency maps are made together."""

CONVERTED = frozenset({".bmp", ".tif", ".tiff"})
"""Endings in the lists whose files may lie converted to ``.jpg``, as the authors' code does it."""

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Decoded:
    """A picture: colours ``(height, width, 3)`` uint8, the crop's box, its image (48, 48) uint8."""

    colours: np.ndarray
    crop: Box
    image: np.ndarray


@dataclass(frozen=True)
class Unreadable:
    """A picture that could not be decoded, and why."""

    reason: str


def prepare_affectnet(
    affectnet: AffectNetFolder,
    method: SaliencyMethod,
    settings: AffectNetPreparationSettings,
    threads: int,
    path: Path,
) -> None:
    """Prepare every picture that has a class of emotion or valence, and write the NPZ file.

    Parameters
    ----------
    threads
        Pictures decoded at the same time.

    Raises
    ------
    UserError
        If no picture has a class, or too many cannot be read.
    """
    rows = with_a_class(affectnet.rows)
    if not len(rows):
        raise UserError(
            f"no row of the lists beside {affectnet.images} has an emotion or a valence: set "
            "data.affectnet to AffectNet's manually annotated part"
        )
    prepared = _prepared(affectnet.images, rows, method, settings, threads)
    count = write_pictures(path, prepared, rows, affectnet.title, method.name)
    log.info("%d of %d pictures with a class prepared", count, len(rows))


def with_a_class(rows: AffectNetRows) -> AffectNetRows:
    """The rows that have a class of emotion or of valence."""
    has_class = (emotion_labels(rows.expression) >= 0) | (valence_labels(rows.valence) >= 0)
    return rows.select(np.flatnonzero(has_class))


def _prepared(
    images: Path,
    rows: AffectNetRows,
    method: SaliencyMethod,
    settings: AffectNetPreparationSettings,
    threads: int,
) -> Iterator[PreparedPicture]:
    """Readable pictures in the order of the rows; the others are logged and counted."""
    allowed = int(settings.max_unreadable_share * len(rows))
    unreadable = 0

    def decode(row: int) -> Decoded | Unreadable:
        box = rows.boxes[row] if settings.crop == "face_box" else None
        return decode_picture(images / rows.names[row], box)

    decoded = enumerate(_in_order(decode, range(len(rows)), threads))
    readable: list[tuple[int, Decoded]] = []
    for row, found in tqdm(decoded, total=len(rows), unit="picture", mininterval=5):
        if isinstance(found, Decoded):
            readable.append((row, found))
            if len(readable) == TOGETHER:
                yield from _with_saliency(readable, method)
                readable = []
            continue
        unreadable += 1
        log.warning("%s is left out: %s", rows.names[row], found.reason)
        if unreadable > allowed:
            raise UserError(
                f"more than {allowed} of {len(rows)} pictures in {images} cannot be read, the last "
                f"one {rows.names[row]} ({found.reason}): unpack AffectNet again, or raise "
                "max_unreadable_share"
            )
    yield from _with_saliency(readable, method)


def decode_picture(path: Path, face_box: np.ndarray | None) -> Decoded | Unreadable:
    """Decode a picture and make its small image; damaged pictures are told apart, not raised.

    Parameters
    ----------
    face_box
        Left, top, width and height of the crop in pixels, cut at the picture's edges; None crops
        nothing.
    """
    if not path.exists() and path.suffix.lower() in CONVERTED:
        path = path.with_suffix(".jpg")
    try:
        with Image.open(path) as picture:
            colours = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return Unreadable(f"{type(error).__name__}: {error}")
    crop = (0, 0, *colours.size)
    if face_box is not None:
        left, top, width, height = map(int, face_box)
        right, bottom = min(left + width, colours.width), min(top + height, colours.height)
        crop = (max(left, 0), max(top, 0), right, bottom)
        if crop[0] >= right or crop[1] >= bottom:
            return Unreadable(f"its face box {face_box.tolist()} holds no pixel of the picture")
    return Decoded(np.asarray(colours), crop, _small(colours.convert("L"), crop))


def _with_saliency(
    decoded: Sequence[tuple[int, Decoded]], method: SaliencyMethod
) -> Iterator[PreparedPicture]:
    """Add the maps of the original pictures, cropped and resized as their images were."""
    maps = method.maps_of_pictures([picture.colours for _, picture in decoded])
    for (row, picture), whole in zip(decoded, maps, strict=True):
        saliency = _small(Image.fromarray(whole), picture.crop)
        yield PreparedPicture(row, picture.image, saliency)


def _small(grey: Image.Image, crop: Box) -> np.ndarray:
    """A crop of a grey picture, ``(48, 48)`` uint8, bicubic."""
    size = (FRAME_SIZE, FRAME_SIZE)
    return np.asarray(grey.crop(crop).resize(size, Image.Resampling.BICUBIC))


def _in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Results in the order of the items, computed by threads that run only a little ahead."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
