"""The recordings of the run's own corpus, by what they sound like.

A recording that is among them must be told by networks that did not learn from its speaker, and
then gives the run's own table.  Sounds are known by the checksum of their samples.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.items import Items
from mmer.media.speech_spans import SpeechSpan
from mmer.protocol import Split
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

COLUMNS = ["sha256", "item", "splits", "start_s", "stop_s", "speech_found"]
LARGEST = 200_000_000
"""Bytes of the table; a million recordings have fewer."""


@dataclass(frozen=True)
class KnownRecording:
    """A recording of the run's corpus: the splits that tested it, and its speech, where found."""

    item: str
    splits: tuple[str, ...]
    span: SpeechSpan | None


def sound_sha256(samples: np.ndarray) -> str:
    """The checksum of int16 samples."""
    return hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()


def known_recordings(
    audio: list[Path],
    items: Items,
    splits: Mapping[str, Split],
    spans: Mapping[str, SpeechSpan],
) -> bytes:
    """The table as CSV; of items that sound alike the first, by name, stands for all."""
    parts = {name: split.parts_of(items) for name, split in splits.items()}
    place = {name: row for row, name in enumerate(items.names)}
    rows = {}
    for file in audio:
        ragged = read_ragged([file])
        for index, item in sorted(enumerate(ragged.items), key=lambda each: each[1]):
            tested = [name for name, part in parts.items() if part[place[item]] == "test"]
            span = spans.get(item)
            told = (span.start_s, span.stop_s, span.found) if span else ("", "", "")
            row = (item, " ".join(tested), *told)
            rows.setdefault(sound_sha256(ragged.of(index)), row)
    table = pd.DataFrame([(key, *row) for key, row in sorted(rows.items())], columns=COLUMNS)
    return table.to_csv(index=False).encode()


def read_known(path: Path, splits: tuple[str, ...]) -> dict[str, KnownRecording]:
    """The recordings by checksum of their sound.

    Raises
    ------
    UserError
        If the file is no such table.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is far too large")
        table = pd.read_csv(
            io.BytesIO(path.read_bytes()), dtype=str, keep_default_na=False, na_filter=False
        )
        if list(table.columns) != COLUMNS:
            raise ValueError("it has other columns")
        found = {}
        for row in table.itertuples(index=False):
            tested = tuple(row.splits.split())
            if not {*tested} <= {*splits}:
                raise ValueError(f"{row.item[:40]!r} has a split that is not there")
            span = None
            if row.start_s:
                start, stop = float(row.start_s), float(row.stop_s)
                if not 0 <= start <= stop < 1e6:
                    raise ValueError(f"the span of {row.item[:40]!r} is none")
                span = SpeechSpan(start, stop, row.speech_found == "True")
            found[row.sha256] = KnownRecording(row.item, tested, span)
        return found
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} is no table of recordings ({reason}): export the run again"
        ) from error
