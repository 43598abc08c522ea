"""Every file format of the workflow in one place, each readable without this project's code.

Ragged data (audio, frames, maps, per-frame posteriors) of one actor lies in one NPZ file as a flat
array with offsets: the rows of clip ``i`` are ``values[offsets[i]:offsets[i + 1]]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmer.writing import writing


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, keys in the given order."""
    with writing(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


@dataclass(frozen=True)
class Ragged:
    """Values of several clips, one after the other.

    Attributes
    ----------
    clips
        Clip names, in the order of the values.
    values
        ``(rows, ...)``: audio samples ``(samples,)`` int16, frames or maps ``(frames, 48, 48)``
        uint8, per-frame posteriors ``(frames, classes)`` float32.
    offsets
        ``(clips + 1,)`` int64.
    rate
        Rows per second: 16000 for audio, 30 for frames.
    """

    clips: tuple[str, ...]
    values: np.ndarray
    offsets: np.ndarray
    rate: float

    def __post_init__(self) -> None:
        assert self.offsets.shape == (len(self.clips) + 1,), "one offset more than clips"
        assert self.offsets[0] == 0 and self.offsets[-1] == len(self.values), "offsets cover values"
        assert (np.diff(self.offsets) >= 0).all(), "offsets never fall"

    def __len__(self) -> int:
        return len(self.clips)

    def of(self, index: int) -> np.ndarray:
        """The rows of one clip."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    @classmethod
    def join(cls, clips: Sequence[str], parts: Sequence[np.ndarray], rate: float) -> Ragged:
        """Lay the rows of each clip one after the other."""
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return cls(tuple(clips), np.concatenate(list(parts)), offsets, rate)


def write_ragged(path: Path, ragged: Ragged) -> None:
    """Write one actor's ragged data as NPZ."""
    with writing(path) as unfinished, unfinished.open("wb") as stream:
        np.savez(
            stream,
            clips=np.array(ragged.clips, dtype=np.str_),
            values=ragged.values,
            offsets=ragged.offsets,
            rate=np.float64(ragged.rate),
        )


def read_ragged(paths: Iterable[Path]) -> Ragged:
    """Read the files of several actors as one, in the order given."""
    clips: list[str] = []
    values, lengths, rates = [], [], set()
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            clips.extend(map(str, archive["clips"]))
            values.append(archive["values"])
            lengths.append(np.diff(archive["offsets"]))
            rates.add(float(archive["rate"]))
    assert len(rates) == 1, f"files with different rates {sorted(rates)} cannot be joined"
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths))])
    return Ragged(tuple(clips), np.concatenate(values), offsets, rates.pop())
