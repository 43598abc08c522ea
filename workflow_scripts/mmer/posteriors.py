"""Posteriors: one table per model, variant and split, a row per clip.

The table is the border between models and everything after them.  Models trained elsewhere enter
as such tables, so the reader checks everything that fusion and statistics rely on.

Columns: ``clip`` (RAVDESS name), ``part`` (``train`` or ``heldout``), ``p_neutral`` ...
``p_surprised`` (probabilities in RAVDESS order, summing to one) and, where the model has them,
``logit_neutral`` ... ``logit_surprised``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.corpus.clips import Clip
from mmer.corpus.labels import CLASS_COUNT, EMOTIONS
from mmer.errors import UserError
from mmer.store import writing

PROBABILITY_COLUMNS = [f"p_{emotion}" for emotion in EMOTIONS]
LOGIT_COLUMNS = [f"logit_{emotion}" for emotion in EMOTIONS]
PARTS = ("train", "heldout")


@dataclass(frozen=True)
class Posteriors:
    """Posteriors of every clip under one split.

    Attributes
    ----------
    clips
        Clip names, sorted.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    probabilities
        ``(clips, 8)`` float64, RAVDESS order, rows sum to one.
    logits
        ``(clips, 8)`` float64 before the softmax, or None where the model has none.
    """

    clips: tuple[str, ...]
    part: np.ndarray
    probabilities: np.ndarray
    logits: np.ndarray | None

    def __post_init__(self) -> None:
        assert self.probabilities.shape == (len(self.clips), CLASS_COUNT)
        assert self.part.shape == (len(self.clips),)
        assert self.logits is None or self.logits.shape == self.probabilities.shape

    @property
    def labels(self) -> np.ndarray:
        """True class of each clip, from its name, ``(clips,)`` int64."""
        return np.array([Clip.parse(clip).label for clip in self.clips], dtype=np.int64)

    @property
    def predicted(self) -> np.ndarray:
        """Most probable class of each clip, ``(clips,)`` int64."""
        return self.probabilities.argmax(axis=1)

    def only(self, part: str) -> Posteriors:
        """The rows of one part."""
        assert part in PARTS
        chosen = np.flatnonzero(self.part == part)
        return Posteriors(
            clips=tuple(self.clips[row] for row in chosen),
            part=self.part[chosen],
            probabilities=self.probabilities[chosen],
            logits=None if self.logits is None else self.logits[chosen],
        )


def write_posteriors(path: Path, posteriors: Posteriors) -> None:
    """Write a posteriors table as CSV with full float precision, rows sorted by clip."""
    table = pd.DataFrame({"clip": posteriors.clips, "part": posteriors.part})
    table[PROBABILITY_COLUMNS] = posteriors.probabilities
    if posteriors.logits is not None:
        table[LOGIT_COLUMNS] = posteriors.logits
    with writing(path) as unfinished:
        table.sort_values("clip").to_csv(unfinished, index=False)


def read_posteriors(path: Path) -> Posteriors:
    """Read and check a posteriors table.

    Raises
    ------
    UserError
        If the file is not such a table: missing columns, a doubled or unknown clip, an unknown
        part, a value that is not finite, a row that does not sum to one, or an actor on both
        sides of the split.
    """
    table = _read_cells(path)
    missing = [name for name in ["clip", "part", *PROBABILITY_COLUMNS] if name not in table]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: add them")
    if table.empty:
        raise UserError(f"{path} holds column titles only: export it again")
    if not set(table["part"]) <= set(PARTS):
        raise UserError(f"{path}: column part may only hold train and heldout")
    table = table.sort_values("clip", ignore_index=True)
    _check_clips(path, table)
    logits = None
    if given := set(LOGIT_COLUMNS) & set(table.columns):
        if lacking := sorted(set(LOGIT_COLUMNS) - given):
            raise UserError(f"{path} has logits, but lacks {', '.join(lacking)}: add them")
        logits = _finite(path, table, LOGIT_COLUMNS)
    probabilities = _finite(path, table, PROBABILITY_COLUMNS)
    sums = probabilities.sum(axis=1)
    off = np.flatnonzero((np.abs(sums - 1) > 1e-4) | (probabilities < 0).any(axis=1))
    if off.size:
        raise UserError(
            f"{path}: the probabilities of {table['clip'][off[0]]} are not a distribution (sum "
            f"{sums[off[0]]:.6g}): write softmax outputs in RAVDESS order"
        )
    return Posteriors(tuple(table["clip"]), table["part"].to_numpy(str), probabilities, logits)


def _read_cells(path: Path) -> pd.DataFrame:
    """The table as text, its columns by title."""
    try:
        # Titles are read as a row: pandas would rename doubled ones and shift rows that are longer.
        cells = pd.read_csv(path, header=None, dtype=str)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} cannot be read as a posteriors table ({reason}): export it again"
        ) from error
    titles = cells.iloc[0].fillna("")
    known = {"clip", "part", *PROBABILITY_COLUMNS, *LOGIT_COLUMNS}
    for title in titles:
        if title not in known:
            raise UserError(f"{path} has a column {title!r}, which is not known: remove it")
        if (titles == title).sum() > 1:
            raise UserError(f"{path} has the column {title!r} twice: keep one")
    return cells.iloc[1:].set_axis(list(titles), axis="columns").reset_index(drop=True)


def _finite(path: Path, table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The columns as float64; a UserError where one is not a finite number."""
    values = table[columns].map(_number).to_numpy(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise UserError(
            f"{path}: {columns[column]} of {table['clip'][row]} is not a finite number: mend or "
            "re-export the table"
        )
    return values


def _number(cell: object) -> float:
    """The number that a cell is, NaN where it is none; pandas would be off by a last bit."""
    try:
        return float(cell) if "_" not in cell else np.nan
    except (TypeError, ValueError):  # an empty cell is no text
        return np.nan


def _check_clips(path: Path, table: pd.DataFrame) -> None:
    """Every clip known, once, and no actor on both sides of the split."""
    if table["clip"].isna().any():
        raise UserError(f"{path} has a row with no clip name: name it or remove it")
    doubled = table["clip"][table["clip"].duplicated()]
    if not doubled.empty:
        raise UserError(f"{path} holds clip {doubled.iloc[0]} twice: keep one row per clip")
    try:
        actors = table["clip"].map(lambda name: Clip.parse(name).actor)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    mixed = table.groupby(actors)["part"].nunique().gt(1)
    if mixed.any():
        raise UserError(
            f"{path}: actor {mixed.idxmax()} is in both parts, but a split holds out whole actors"
        )
