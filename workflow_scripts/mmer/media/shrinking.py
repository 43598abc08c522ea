"""Shrinking grey squares, many of the same size, as Pillow does it but several times faster.

Pillow resizes any picture to any size.  Here all squares of a clip have one size, so the weights of
its filters are worked out once, and each pass is a product of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

ROWS_AT_ONCE, COLUMNS_AT_ONCE = 4, 16
"""Of the small square, made by one product: more would multiply more zeros, fewer would call more
often."""


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Keys's kernel with the parameter that Pillow takes, -0.5 (Keys 1981)."""
    a, x = -0.5, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _box(x: np.ndarray) -> np.ndarray:
    """One within half a pixel, nothing beyond."""
    return ((x > -0.5) & (x <= 0.5)).astype(float)


KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bicubic": (_bicubic, 2.0),
    "area": (_box, 0.5),
}
"""Filters, with how far each reaches in pixels of the small picture."""


class Shrinking:
    """A filter from squares of one size to squares of a smaller one.

    Parameters
    ----------
    side, size
        Pixels of the large and of the small square.
    kernel
        ``bicubic`` or ``area``; both average over the pixels that they drop.

    Example
    -------
    >>> Shrinking(720, 48, "bicubic")(np.full((720, 720), 7, np.uint8)).round().max()
    7.0
    """

    def __init__(self, side: int, size: int, kernel: str) -> None:
        self.weights = filter_weights(side, size, kernel)
        self._rows = list(_bands(self.weights, ROWS_AT_ONCE))
        self._columns = list(_bands(self.weights, COLUMNS_AT_ONCE))

    def __call__(self, square: np.ndarray) -> np.ndarray:
        """``(side, side)`` uint8 to ``(size, size)`` float32, not rounded."""
        assert square.shape == (self.weights.shape[1],) * 2
        values = square.astype(np.float32)
        fewer_rows = np.empty((len(self.weights), len(values)), np.float32)
        for made, read in self._rows:
            np.matmul(self.weights[made, read], values[read], out=fewer_rows[made])
        small = np.empty((len(self.weights),) * 2, np.float32)
        for made, read in self._columns:
            np.matmul(fewer_rows[:, read], self.weights[made, read].T, out=small[:, made])
        return small


def filter_weights(side: int, size: int, kernel: str) -> np.ndarray:
    """What each small pixel takes of each large one along a side, ``(size, side)`` float32.

    Each row sums to one.  The filter is widened by the factor of shrinking; where the square is
    not shrunk it keeps its width.
    """
    function, reach = KERNELS[kernel]
    scale = side / size
    widened = max(scale, 1.0)
    weights = np.zeros((size, side))
    for small in range(size):
        centre = (small + 0.5) * scale
        first = max(0, math.floor(centre - reach * widened + 0.5))
        last = min(side, math.floor(centre + reach * widened + 0.5))
        taken = function((np.arange(first, last) - centre + 0.5) * (1 / widened))
        weights[small, first:last] = taken / taken.sum()
    return weights.astype(np.float32)


def _bands(weights: np.ndarray, size: int) -> Iterator[tuple[slice, slice]]:
    """Groups of small pixels along a side, with the large ones that they take anything of."""
    for start in range(0, len(weights), size):
        made = slice(start, start + size)
        taken = np.flatnonzero(weights[made].any(axis=0))
        yield made, slice(int(taken[0]), int(taken[-1]) + 1)
