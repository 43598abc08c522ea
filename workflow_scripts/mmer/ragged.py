"""Ragged data (audio, frames, maps, traces) of a speaker as one NPZ file, readable by NumPy alone.

It is a flat array with offsets: the rows of item ``i`` are ``values[offsets[i]:offsets[i + 1]]``.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing


@dataclass(frozen=True)
class Ragged:
    """Values of several items, one after the other.

    Attributes
    ----------
    values
        ``(rows, ...)``: audio samples ``(samples,)`` int16, frames or maps ``(frames, 48, 48)``
        uint8, per-frame posteriors ``(frames, classes)`` float32.
    offsets
        ``(items + 1,)`` int64.
    rate
        Rows per second: 16000 for audio, 30 for frames.
    starts
        When the first row of each item is, in seconds from the start of its sound, ``(items,)``
        float64; None where nothing can start at another time than the sound.
    """

    items: tuple[str, ...]
    values: np.ndarray
    offsets: np.ndarray
    rate: float
    starts: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert self.offsets.shape == (len(self.items) + 1,), "one offset more than items"
        assert self.offsets[0] == 0 and self.offsets[-1] == len(self.values), "offsets cover values"
        assert (np.diff(self.offsets) >= 0).all(), "offsets never fall"
        assert self.starts is None or len(self.starts) == len(self.items), "a start of every item"

    def __len__(self) -> int:
        return len(self.items)

    def of(self, index: int) -> np.ndarray:
        """The rows of one item."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def start_s(self, index: int) -> float:
        """When the first row of one item is, in seconds from the start of its sound."""
        return 0.0 if self.starts is None else float(self.starts[index])

    def only(self, items: Sequence[str]) -> Ragged:
        """The rows of some of the items, in the order given."""
        if not items:
            return Ragged((), self.values[:0], np.zeros(1, np.int64), self.rate)
        place = {item: index for index, item in enumerate(self.items)}
        rows = [place[item] for item in items]
        starts = None if self.starts is None else self.starts[rows]
        return Ragged.join(items, [self.of(row) for row in rows], self.rate, starts)

    @classmethod
    def join(
        cls,
        items: Sequence[str],
        parts: Sequence[np.ndarray],
        rate: float,
        starts: ArrayLike | None = None,
    ) -> Ragged:
        """Lay the rows of each item one after the other."""
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        starts = None if starts is None else np.asarray(starts, np.float64)
        return cls(tuple(items), np.concatenate(list(parts)), offsets, rate, starts)


def read_arrays(
    path: Path, names: Sequence[str], what: str, optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Arrays of an NPZ by name; a UserError that says ``what`` it should hold if it does not."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            there = [name for name in optional if name in archive]
            return {name: archive[name] for name in (*names, *there)}
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
            **({} if ragged.starts is None else {"starts": ragged.starts}),
        )


def read_ragged(paths: Iterable[Path]) -> Ragged:
    """Read the files of several speakers as one, in the order given."""
    paths = list(paths)
    items: list[str] = []
    lengths, rates, starts = [], set(), []
    for path in paths:
        arrays = read_arrays(path, ("items", "offsets", "rate"), "prepared data", ("starts",))
        items.extend(map(str, arrays["items"]))
        lengths.append(np.diff(arrays["offsets"]))
        rates.add(float(arrays["rate"]))
        starts.append(arrays.get("starts", np.zeros(len(arrays["items"]))))
    assert len(rates) == 1, f"files with different rates {sorted(rates)} cannot be joined"
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths))])
    values = _read_values(paths, int(offsets[-1]))
    return Ragged(tuple(items), values, offsets, rates.pop(), np.concatenate(starts))


def map_ragged(path: Path) -> Ragged:
    """One speaker's file, whose values stay on disk and are read where they are looked at."""
    arrays = read_arrays(path, ("items", "offsets", "rate"), "prepared data", ("starts",))
    try:
        values = _map_values(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not an NPZ of prepared data ({error}): delete it") from error
    names = tuple(map(str, arrays["items"]))
    return Ragged(names, values, arrays["offsets"], float(arrays["rate"]), arrays.get("starts"))


def _map_values(path: Path) -> np.ndarray:
    """The array ``values`` of an NPZ, on disk; what is written to it stays in memory."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
        member = archive.getinfo("values.npy")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError("its values are compressed")
        # A member begins with 30 bytes, of which the last four say what lies before its content.
        stream.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", stream.read(4))
        stream.seek(name + extra, 1)
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, by_columns, dtype = read(stream)
        if dtype.hasobject or by_columns:
            raise ValueError("its values are no plain rows of numbers")
        return np.memmap(path, dtype, "c", stream.tell(), shape)


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
