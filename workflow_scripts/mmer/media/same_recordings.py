"""Recordings that a corpus holds more than once.

RAVDESS publishes one recording under two names.  Told, that is a property of the corpus; under two
speakers it would let a model be tested on what it was trained on, and under two classes one of them
is wrong.  Two recordings are the same where every decoded sample is.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from mmer.items import ITEM, SPEAKER, Items, read_items
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.runtime.writing import writing

log = logging.getLogger(__name__)

GROUP = "recording"
"""Column that numbers the recordings, beside the item's."""


class ComparisonJob(Job):
    """What the comparison is told.

    Attributes
    ----------
    audio
        What was decoded of every speaker.
    classes
        Columns of the item table in which the same recording must not differ.
    """

    audio: tuple[Path, ...]
    items: Path
    classes: tuple[str, ...] = ()
    out: Path


def compare_recordings(job: ComparisonJob) -> None:
    """Write the recordings that are there more than once, and refuse those that contradict."""
    found = same_recordings(job.audio)
    items = read_items(job.items)
    for names in found:
        refuse_contradiction(items.of(names), (SPEAKER, *job.classes))
        log.info("the same recording: %s", ", ".join(names))
    rows = [(number, name) for number, names in enumerate(found, 1) for name in names]
    with writing(job.out) as unfinished:
        pd.DataFrame(rows, columns=[GROUP, ITEM]).to_csv(unfinished, index=False)


def same_recordings(audio: Iterable[Path]) -> list[tuple[str, ...]]:
    """Names of the items that are the same recording, sorted, one speaker's file at a time."""
    names: dict[bytes, list[str]] = {}
    for path in audio:
        samples = read_ragged([path])
        for index, item in enumerate(samples.items):
            digest = hashlib.sha256(samples.of(index).tobytes()).digest()
            names.setdefault(digest, []).append(item)
    return sorted(tuple(sorted(found)) for found in names.values() if len(found) > 1)


def refuse_contradiction(same: Items, columns: Sequence[str]) -> None:
    """Look at what the item table says of one recording's items.

    A UserError if it differs in one of the columns.
    """
    for column in columns:
        said = same.column(column)
        other = next((row for row, value in enumerate(said) if value != said[0]), None)
        if other is not None:
            raise UserError(
                f"{same.names[0]} and {same.names[other]} are the same recording, but the item "
                f"table gives them {column} {said[0]} and {said[other]}: find out which is right "
                "and get the other one again"
            )


def read_same_recordings(path: Path) -> list[tuple[str, ...]]:
    """Read what :func:`compare_recordings` wrote."""
    table = pd.read_csv(path, dtype={ITEM: str})
    return [tuple(names) for _, names in table.groupby(GROUP)[ITEM]]
