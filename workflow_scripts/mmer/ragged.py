"""Ragged data (audio, frames, maps, traces) of a speaker as one NPZ file, readable by NumPy alone.

It is a flat array with offsets: the rows of item ``i`` are ``values[offsets[i]:offsets[i + 1]]``.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing


@dataclass(frozen=True)
class Ragged:
    """Values of several items, one after the other.

    Attributes
    ----------
    items
        Item names, in the order of the values.
    values
        ``(rows, ...)``: audio samples ``(samples,)`` int16, frames or maps ``(frames, 48, 48)``
        uint8, per-frame posteriors ``(frames, classes)`` float32.
    offsets
        ``(items + 1,)`` int64.
    rate
        Rows per second: 16000 for audio, 30 for frames.
    """

    items: tuple[str, ...]
    values: np.ndarray
    offsets: np.ndarray
    rate: float

    def __post_init__(self) -> None:
        assert self.offsets.shape == (len(self.items) + 1,), "one offset more than items"
        assert self.offsets[0] == 0 and self.offsets[-1] == len(self.values), "offsets cover values"
        assert (np.diff(self.offsets) >= 0).all(), "offsets never fall"

    def __len__(self) -> int:
        return len(self.items)

    def of(self, index: int) -> np.ndarray:
        """The rows of one item."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def only(self, items: Sequence[str]) -> Ragged:
        """The rows of some of the items, in the order given."""
        if not items:
            return Ragged((), self.values[:0], np.zeros(1, np.int64), self.rate)
        place = {item: index for index, item in enumerate(self.items)}
        return Ragged.join(items, [self.of(place[item]) for item in items], self.rate)

    @classmethod
    def join(cls, items: Sequence[str], parts: Sequence[np.ndarray], rate: float) -> Ragged:
        """Lay the rows of each item one after the other."""
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return cls(tuple(items), np.concatenate(list(parts)), offsets, rate)


def read_arrays(path: Path, names: Sequence[str], what: str) -> dict[str, np.ndarray]:
    """Arrays of an NPZ by name; a UserError that says ``what`` it should hold if it does not."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not an NPZ of {what} ({error}): delete it") from error


def write_ragged(path: Path, ragged: Ragged) -> None:
    """Write one speaker's ragged data as NPZ."""
    with writing(path) as unfinished, unfinished.open("wb") as stream:
        np.savez(
            stream,
            items=np.array(ragged.items, dtype=np.str_),
            values=ragged.values,
            offsets=ragged.offsets,
            rate=np.float64(ragged.rate),
        )


def read_ragged(paths: Iterable[Path]) -> Ragged:
    """Read the files of several speakers as one, in the order given.

    Raises
    ------
    UserError
        If a file is not such an NPZ.
    """
    paths = list(paths)
    items: list[str] = []
    lengths, rates = [], set()
    for path in paths:
        arrays = read_arrays(path, ("items", "offsets", "rate"), "prepared data")
        items.extend(map(str, arrays["items"]))
        lengths.append(np.diff(arrays["offsets"]))
        rates.add(float(arrays["rate"]))
    assert len(rates) == 1, f"files with different rates {sorted(rates)} cannot be joined"
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths))])
    return Ragged(tuple(items), _read_values(paths, int(offsets[-1])), offsets, rates.pop())


def _read_values(paths: Sequence[Path], rows: int) -> np.ndarray:
    """The values of several files as one array; besides it only one file's are in memory."""
    whole, filled = None, 0
    for path in paths:
        values = read_arrays(path, ("values",), "prepared data")["values"]
        if whole is None:
            whole = np.empty((rows, *values.shape[1:]), values.dtype)
        assert filled + len(values) <= rows, f"{path} holds more rows than its offsets say"
        whole[filled : filled + len(values)] = values
        filled += len(values)
    assert whole is not None and filled == rows, "offsets cover values"
    return whole
