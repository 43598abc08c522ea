"""Embeddings: one vector per clip from a network that is not trained here."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmer.errors import UserError
from mmer.store import writing


@dataclass(frozen=True)
class Embeddings:
    """One vector per clip.

    Attributes
    ----------
    clips
        Clip names.
    values
        ``(clips, dimensions)`` float32.
    """

    clips: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        assert self.values.ndim == 2 and len(self.values) == len(self.clips)
        assert self.values.dtype == np.float32


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write embeddings as NPZ: ``clips`` (text) and ``values`` (float32)."""
    with writing(path) as unfinished, unfinished.open("wb") as stream:
        np.savez(
            stream,
            clips=np.array(embeddings.clips, dtype=np.str_),
            values=embeddings.values,
        )


def read_embeddings(path: Path) -> Embeddings:
    """Read and check what :func:`write_embeddings` wrote.

    Raises
    ------
    UserError
        If the file is not such an NPZ, names a clip twice or holds a value that is not finite.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            clips, values = tuple(map(str, archive["clips"])), archive["values"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not an NPZ of embeddings ({error}): make it again") from error
    if values.ndim != 2 or len(values) != len(clips) or values.dtype != np.float32:
        raise UserError(
            f"{path} has {len(clips)} clips and {values.dtype} values of shape {values.shape}: "
            "embeddings are one float32 row per clip"
        )
    if len(set(clips)) < len(clips):
        raise UserError(f"{path} holds a clip twice: keep one row per clip")
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if broken.size:
        raise UserError(f"{path}: the embedding of {clips[broken[0]]} is not finite: make it again")
    return Embeddings(clips, values)
