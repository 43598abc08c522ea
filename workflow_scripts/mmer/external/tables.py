"""One table of somebody else's posteriors, read and checked row by row.

Such a file is hostile until checked: nothing in it is evaluated, lists are read as JSON, and every
complaint names the file and the row.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmer.corpus.clips import Clip
from mmer.corpus.labels import CLASS_COUNT
from mmer.errors import UserError
from mmer.external.layouts import ExternalLayout

ROUNDING_TOLERANCE = 1e-3
"""How far from one a row of probabilities may sum and still count as rounded."""


@dataclass(frozen=True)
class ExternalTable:
    """A checked table.

    Attributes
    ----------
    path
        The file, for messages.
    rows
        Row in the file of each clip, from 1.
    clips
        Clip names in the order of the file, each once.
    values
        ``(clips, 8)`` float64 in RAVDESS order: logits, or probabilities that sum to one.
    """

    path: Path
    rows: tuple[int, ...]
    clips: tuple[str, ...]
    values: np.ndarray


def read_external_table(path: Path, layout: ExternalLayout) -> ExternalTable:
    """Read one table.

    Raises
    ------
    UserError
        If the file cannot be read in this layout: columns that are not there, a row with more or
        fewer columns, a clip twice or outside RAVDESS's audio-visual speech, a value that is not
        a finite number, or probabilities that are negative or do not sum to one.
    """
    lines = _read_lines(path, layout)
    titles = lines.pop(0)[1] if layout.header else [""] * len(lines[0][1])
    if not lines:
        raise UserError(f"{path} holds column titles only: export it again")
    clip_column = _column(path, titles, layout.clip_column, layout)
    value_columns = _value_columns(path, titles, layout)
    row_of: dict[str, int] = {}
    values = np.empty((len(lines), CLASS_COUNT))
    for index, (row, cells) in enumerate(lines):
        where = f"{path}, row {row}"
        if len(cells) != len(titles):
            raise UserError(
                f"{where} has {len(cells)} columns instead of {len(titles)}: mend the row or the "
                f"layout's separator {layout.separator!r}"
            )
        clip = _clip(where, cells[clip_column], layout)
        if clip in row_of:
            raise UserError(
                f"{where} holds clip {clip} again (first in row {row_of[clip]}): keep one"
            )
        row_of[clip] = row
        values[index] = _values(where, [cells[column] for column in value_columns], layout)
    return ExternalTable(path, tuple(row_of.values()), tuple(row_of), values)


def _read_lines(path: Path, layout: ExternalLayout) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, each with its number in the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=layout.separator, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a table ({error}): export it again") from error
    if not lines:
        raise UserError(f"{path} is empty: export it again")
    return lines


def _column(path: Path, titles: list[str], column: str | int, layout: ExternalLayout) -> int:
    """Number of a column that the layout names."""
    if isinstance(column, int):
        if 0 <= column < len(titles):
            return column
        raise UserError(
            f"{path} has {len(titles)} columns, but the layout asks for number {column} (from 0): "
            f"mend the layout's columns or its separator {layout.separator!r}"
        )
    if titles.count(column) != 1:
        raise UserError(
            f"{path} has {titles.count(column)} columns with the title {column!r} instead of one "
            f"(its titles: {', '.join(map(repr, titles))[:200]}): mend the layout's columns or "
            f"its separator {layout.separator!r}"
        )
    return titles.index(column)


def _clip(where: str, cell: str, layout: ExternalLayout) -> str:
    """The clip name of a row, known to RAVDESS and of a kind that the workflow uses."""
    name = cell.strip().removesuffix(layout.clip_suffix)
    try:
        clip = Clip.parse(name)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    if not clip.is_audio_visual_speech:
        raise UserError(
            f"{where}: clip {name} is not audio-visual speech (names begin with 01-01): remove it"
        )
    return name


def _value_columns(path: Path, titles: list[str], layout: ExternalLayout) -> list[int]:
    """Numbers of the eight value columns, or of the one column with the list."""
    if layout.list_column is not None:
        return [_column(path, titles, layout.list_column, layout)]
    ninth = f"{layout.values_prefix}{CLASS_COUNT}"
    if ninth in titles:
        raise UserError(f"{path} has a column {ninth}, but there are only {CLASS_COUNT} emotions")
    return [_column(path, titles, title, layout) for title in layout.value_titles]


def _values(where: str, cells: list[str], layout: ExternalLayout) -> np.ndarray:
    """The eight values of a row in RAVDESS order."""
    numbers = cells if layout.list_column is None else _bracketed_list(where, cells[0])
    try:
        values = np.array([_number(number) for number in numbers])
    except (ValueError, OverflowError) as error:
        raise UserError(f"{where} has a value that is not a number ({error}): mend it") from error
    if not np.isfinite(values).all():
        raise UserError(f"{where} has a value that is not finite: mend or re-export the table")
    if layout.values == "probability":
        values = _distribution(where, values)
    return values[layout.to_ravdess_order]


def _number(cell: str | float) -> float:
    """The number of a cell; Python alone would also read ``1_000`` and digits of other scripts."""
    if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
        raise ValueError(f"could not convert {cell!r} to a number")
    return float(cell)


def _bracketed_list(where: str, cell: str) -> list[float]:
    """The numbers of a list such as ``[0.5, -1.25, ...]``, which is JSON."""
    try:
        numbers = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} holds no bracketed list of numbers ({error}): mend it") from error
    if not isinstance(numbers, list) or any(type(number) not in (int, float) for number in numbers):
        raise UserError(f"{where} holds something else than a bracketed list of numbers: mend it")
    if len(numbers) != CLASS_COUNT:
        raise UserError(
            f"{where} has {len(numbers)} values instead of {CLASS_COUNT}: every clip needs one "
            "value per emotion"
        )
    return numbers


def _distribution(where: str, values: np.ndarray) -> np.ndarray:
    """Probabilities that sum to one, freed of rounding."""
    total = values.sum()
    if (values < 0).any() or abs(total - 1) > ROUNDING_TOLERANCE:
        raise UserError(
            f"{where} is not a distribution (smallest value {values.min():.6g}, sum {total:.6g}): "
            "if these are values before the softmax, set the layout's values to logit"
        )
    return values / total
