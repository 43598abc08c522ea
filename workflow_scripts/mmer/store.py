"""Every file format of the workflow in one place, each readable without this project's code.

Ragged data (audio, frames, maps, per-frame posteriors) of one actor lies in one NPZ file as a flat
array with offsets: the rows of clip ``i`` are ``values[offsets[i]:offsets[i + 1]]``.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmer.errors import UserError


REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS)
"""Why a file system does not take a file: full, over a quota or limit, forbidden, read-only."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there when the block ends without error.

    A reader therefore sees the whole file or none, whenever the writer is killed.  The same holds
    for a folder, where the block makes one.  Two writers never share a temporary path, and what a
    killed one left is removed by the next.

    Raises
    ------
    UserError
        If the file system does not take the file: full, read-only or forbidden.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.unfinished"):
            _remove(leftover)
        yield unfinished
        if unfinished.is_dir():
            _remove(path)
        unfinished.replace(path)
    except Exception as error:
        if reason := _refusal(error, unfinished):
            raise UserError(
                f"{path} cannot be written ({reason}): make room or mend the permissions, then run "
                "the same command again"
            ) from error
        raise
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refusal(error: Exception, unfinished: Path) -> str | None:
    """In the system's words, why a file was not taken; None where something else went wrong."""
    for number in REFUSALS:
        words = os.strerror(number)
        if isinstance(error, OSError) and error.errno == number:
            return words if error.filename in (None, *map(str, _places(unfinished))) else None
        # Libraries that write by themselves (HDF5, safetensors) have errors of their own.
        if words in str(error):
            return words
    return None


def _places(unfinished: Path) -> list[Path]:
    """The temporary path and the folders that hold it."""
    return [unfinished, *unfinished.parents]


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
