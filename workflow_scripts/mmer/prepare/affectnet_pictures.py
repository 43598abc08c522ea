"""AffectNet's prepared pictures as one NPZ file, written without ever holding them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np

from mmer.corpus.affectnet import AffectNetRows
from mmer.prepare.decoding import FRAME_SIZE
from mmer.store import writing


@dataclass(frozen=True)
class PreparedPicture:
    """One picture: its row in the lists, image and map ``(48, 48)`` uint8."""

    row: int
    image: np.ndarray
    saliency: np.ndarray


@dataclass(frozen=True)
class AffectNetPictures:
    """All prepared pictures, in the order of the lists.

    Attributes
    ----------
    corpus, saliency_method
        What the pictures are, and what made their maps.
    images, saliency
        ``(pictures, 48, 48)`` uint8.
    expression
        ``(pictures,)`` int8, codes of :data:`mmer.corpus.affectnet.EXPRESSIONS`.
    valence
        ``(pictures,)`` float32.
    part
        ``(pictures,)``: ``training`` or ``validation``, the list that holds the picture.
    """

    corpus: str
    saliency_method: str
    images: np.ndarray
    saliency: np.ndarray
    expression: np.ndarray
    valence: np.ndarray
    part: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def write_pictures(
    path: Path,
    prepared: Iterable[PreparedPicture],
    rows: AffectNetRows,
    corpus: str,
    saliency_method: str,
) -> int:
    """Write pictures as they come, with what the lists say of each; give their number.

    The pictures of AffectNet take 1.9 GB; they pass through temporary files beside ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: list[int] = []
    with TemporaryFile(dir=path.parent) as images, TemporaryFile(dir=path.parent) as maps:
        for picture in prepared:
            images.write(picture.image.tobytes())
            maps.write(picture.saliency.tobytes())
            kept.append(picture.row)
        of_kept = rows.select(kept)
        with writing(path) as unfinished, unfinished.open("wb") as stream:
            np.savez(
                stream,
                corpus=np.str_(corpus),
                saliency_method=np.str_(saliency_method),
                images=_on_disk(images, len(kept)),
                saliency=_on_disk(maps, len(kept)),
                expression=of_kept.expression,
                valence=of_kept.valence,
                part=of_kept.part,
            )
    return len(kept)


def _on_disk(stream: BinaryIO, count: int) -> np.ndarray:
    """The pictures in a file, ``(count, 48, 48)`` uint8, read only where they are used."""
    stream.flush()
    return np.memmap(stream, np.uint8, mode="r", shape=(count, FRAME_SIZE, FRAME_SIZE))


def read_pictures(path: Path) -> AffectNetPictures:
    """Read what :func:`write_pictures` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        labels = {name: str(archive[name]) for name in ("corpus", "saliency_method")}
        arrays = {
            name: archive[name] for name in ("images", "saliency", "expression", "valence", "part")
        }
    return AffectNetPictures(**labels, **arrays)
