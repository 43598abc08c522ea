"""Embeddings: one vector per item from what is not trained here, a network or functionals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmer.ragged import read_arrays
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing


@dataclass(frozen=True)
class Embeddings:
    """One vector per item, ``(items, dimensions)`` float32; names of dimensions that have any."""

    items: tuple[str, ...]
    values: np.ndarray
    dimensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.values.ndim == 2 and len(self.values) == len(self.items)
        assert self.values.dtype == np.float32
        assert len(self.dimensions) in (0, self.values.shape[1])


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write embeddings as NPZ: ``items`` and ``dimensions`` (text), ``values`` (float32)."""
    with writing(path) as unfinished, unfinished.open("wb") as stream:
        np.savez(
            stream,
            items=np.array(embeddings.items, np.str_),
            values=embeddings.values,
            dimensions=np.array(embeddings.dimensions, np.str_),
        )


def read_embeddings(path: Path) -> Embeddings:
    """Read and check what :func:`write_embeddings` wrote; names of dimensions are for readers.

    A UserError if the file is not such an NPZ, names an item twice or holds a value that is not
    finite.
    """
    arrays = read_arrays(path, ("items", "values"), "embeddings")
    items, values = tuple(map(str, arrays["items"])), arrays["values"]
    if values.ndim != 2 or len(values) != len(items) or values.dtype != np.float32:
        raise UserError(
            f"{path} has {len(items)} items and {values.dtype} values of shape {values.shape}: "
            "embeddings are one float32 row per item"
        )
    if len(set(items)) < len(items):
        raise UserError(f"{path} holds an item twice: keep one row per item")
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if broken.size:
        raise UserError(f"{path}: the embedding of {items[broken[0]]} is not finite: make it again")
    return Embeddings(items, values)
