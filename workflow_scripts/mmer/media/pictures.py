"""Single pictures as 48×48 grey faces with saliency maps.

Source: the published code of Luna-Jiménez et al. 2021, Guided Spatial Transformers for Facial
Expression Recognition (paper reference 60): saliency of the original picture; picture and map to
grey and by bicubic resizing to 48×48, without keeping the aspect.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmer.corpora.base import Picture
from mmer.media.decoding import FRAME_SIZE
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError

RATE = 1.0
"""Pictures per second, where films have frames: an item has one."""

AHEAD = 4
"""Decoded pictures that may wait, per thread."""

log = logging.getLogger(__name__)

Given = TypeVar("Given")
Result = TypeVar("Result")
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Decoded:
    """A picture: colours ``(height, width, 3)`` uint8, the crop's box, its image (48, 48) uint8."""

    colours: np.ndarray
    crop: Box
    image: np.ndarray


def small_pictures(pictures: Sequence[Picture], unreadable_share: float, threads: int) -> Ragged:
    """Readable pictures as small grey images, ``(48, 48)`` uint8; see :func:`readable_pictures`."""
    readable = readable_pictures(pictures, unreadable_share, threads)
    return one_per_item([(item, picture.image) for item, picture in readable])


def readable_pictures(
    pictures: Sequence[Picture], unreadable_share: float, threads: int
) -> Iterator[tuple[str, Decoded]]:
    """Readable pictures in their order; the others are logged and left out.

    A UserError if more pictures cannot be read.

    ``unreadable_share`` of the pictures may be missing or damaged, rounded up to whole pictures.
    """
    count = len(pictures)
    allowed = math.ceil(unreadable_share * count)
    found = zip(pictures, _in_order(decode_picture, pictures, threads), strict=True)
    unreadable = 0
    for picture, decoded in tqdm(found, total=count, unit="picture", mininterval=5):
        if isinstance(decoded, Decoded):
            yield picture.item, decoded
            continue
        unreadable += 1
        log.warning("%s is left out: %s", picture.item, decoded)
        if unreadable > allowed:
            raised = ", or raise max_unreadable_share" if unreadable_share else ""
            raise UserError(
                f"more than {allowed} of {count} pictures cannot be read, the last one "
                f"{picture.item} ({decoded}): unpack the corpus again{raised}"
            )
    log.info("%d of %d pictures read", count - unreadable, count)


def decode_picture(picture: Picture) -> Decoded | str:
    """Decode a picture and make its small image; of a damaged picture, say why it is none."""
    try:
        colours = _opened(picture.source)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"{type(error).__name__}: {error}"
    crop = (0, 0, *colours.size)
    if picture.box is not None:
        left, top, width, height = picture.box
        right, bottom = min(left + width, colours.width), min(top + height, colours.height)
        crop = (max(left, 0), max(top, 0), right, bottom)
        if crop[0] >= right or crop[1] >= bottom:
            return f"its face box {list(picture.box)} holds no pixel of the picture"
    return Decoded(np.asarray(colours), crop, shrink(colours.convert("L"), crop))


def _opened(source: Path | np.ndarray) -> Image.Image:
    if isinstance(source, np.ndarray):
        return Image.fromarray(source).convert("RGB")
    with Image.open(source) as picture:
        return picture.convert("RGB")


def shrink(grey: Image.Image, crop: Box | None = None) -> np.ndarray:
    """A grey picture or a crop of it, ``(48, 48)`` uint8, bicubic."""
    size = (FRAME_SIZE, FRAME_SIZE)
    return np.asarray(grey.crop(crop).resize(size, Image.Resampling.BICUBIC))


def one_per_item(small: list[tuple[str, np.ndarray]]) -> Ragged:
    """Images or maps, one per item; perhaps none at all."""
    images = np.zeros((len(small), FRAME_SIZE, FRAME_SIZE), np.uint8)
    for row, (_, image) in enumerate(small):
        images[row] = image
    return Ragged(tuple(item for item, _ in small), images, np.arange(len(small) + 1), RATE)


def _in_order(
    function: Callable[[Given], Result], given: Iterable[Given], threads: int
) -> Iterator[Result]:
    """Results in the order of what is given, computed by threads that run only a little ahead."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for each in given:
            waiting.append(pool.submit(function, each))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        yield from (each.result() for each in waiting)
