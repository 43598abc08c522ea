"""Frames into the size that MSI-Net was trained on, and its maps back onto the frames.

Source: the test path of the repository published with Kroner et al. 2020.  It keeps the aspect
ratio, resizes by area where it shrinks and bicubically where it grows, pads around the centre, and
undoes all that for the map.  TensorFlow 1 resized with the corner pixels aligned, which torch's
filters do not offer, so each filter is a matrix here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

INPUT_SIZE = (240, 320)
"""Height and width for the weights trained on SALICON (the repository's configuration)."""

_BICUBIC = -0.75
"""The free parameter of Keys' kernel in TensorFlow's op without half-pixel centres."""
_BICUBIC_STEPS = 1024
"""That op rounds the position between two pixels to such steps."""

Size = Sequence[int]


def fit_frames(frames: Tensor, padding: float) -> Tensor:
    """Whole frames ``(frames, height, width, 3)`` uint8 as the network's input, padded.

    ``(frames, 3, 240, 320)`` float32, like the padding 0 to 255.
    """
    size = frames.shape[1:3]
    ratio = min(wanted / had for wanted, had in zip(INPUT_SIZE, size, strict=True))
    fitted = resize(frames.permute(0, 3, 1, 2).float(), _scaled(size, ratio))
    high, wide = (w - f for w, f in zip(INPUT_SIZE, fitted.shape[2:], strict=True))
    top, left = high // 2, wide // 2
    return functional.pad(fitted, (left, wide - left, top, high - top), value=padding)


def maps_onto_frames(maps: Tensor, size: Size) -> Tensor:
    """Maps ``(frames, 240, 320)`` in [0, 1] until they cover the frames, without the padding.

    ``(frames, height, width)`` uint8.
    """
    had = maps.shape[1:]
    ratio = max(wanted / h for wanted, h in zip(size, had, strict=True))
    covering = resize(255 * maps, _scaled(had, ratio))
    top, left = ((c - s) // 2 for c, s in zip(covering.shape[1:], size, strict=True))
    return covering[:, top : top + size[0], left : left + size[1]].round().to(torch.uint8)


def _scaled(size: Size, ratio: float) -> tuple[int, int]:
    return max(round(size[0] * ratio), 1), max(round(size[1] * ratio), 1)


def resize(pictures: Tensor, size: Size) -> Tensor:
    """Resize ``(..., height, width)`` in 0 to 255: by area if a side shrinks, else bicubically."""
    had = pictures.shape[-2:]
    if had == size:
        return pictures
    shrinks = had[0] > size[0] or had[1] > size[1]
    filter_of = area_filter if shrinks else bicubic_filter
    rows, columns = (
        torch.from_numpy(filter_of(before, after)).to(pictures)
        for before, after in zip(had, size, strict=True)
    )
    return (rows @ pictures @ columns.T).clamp(0, 255)


def _step(before: int, after: int) -> float:
    """Pixels of the source per pixel of the result, corner pixels aligned."""
    return (before - 1) / (after - 1) if after > 1 else before / after


def area_filter(before: int, after: int) -> np.ndarray:
    """Means over what each pixel of the result covers: ``(after, before)`` float32.

    What reaches beyond the last pixel counts for the last pixel.
    """
    step = _step(before, after)
    start = np.arange(after)[:, None] * step
    pixel = np.arange(before + int(np.ceil(step)))
    covered = np.minimum(pixel + 1, start + step) - np.maximum(pixel, start)
    covered = np.clip(covered, 0, None) / step
    covered[:, before - 1] += covered[:, before:].sum(axis=1)
    return covered[:, :before].astype(np.float32)


def bicubic_filter(before: int, after: int) -> np.ndarray:
    """Keys' kernel around each pixel of the result: ``(after, before)`` float32.

    Beyond the border lies the border's pixel again.
    """
    position = np.arange(after) * _step(before, after)
    first = np.floor(position).astype(int)
    between = np.rint((position - first) * _BICUBIC_STEPS) / _BICUBIC_STEPS
    weights = np.zeros((after, before))
    for neighbour in (-1, 0, 1, 2):
        column = np.clip(first + neighbour, 0, before - 1)
        np.add.at(weights, (np.arange(after), column), _keys(np.abs(neighbour - between)))
    return weights.astype(np.float32)


def _keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel at distances of 0 to 2 pixels (Keys 1981, equation 4)."""
    a = _BICUBIC
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, far)
