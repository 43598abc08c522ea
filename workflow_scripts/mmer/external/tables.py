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

from mmer.models.external import ExternalLayout
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

ROUNDING_TOLERANCE = 1e-3
"""How far from one a row of probabilities may sum and still count as rounded."""


@dataclass(frozen=True)
class ExternalTable:
    """A checked table.

    Attributes
    ----------
    rows
        Row in the file of each item, from 1.
    items
        Names in the order of the file, each once.
    values
        ``(items, classes)`` float64 in the task's order: logits, or probabilities that sum to one.
    """

    path: Path
    rows: tuple[int, ...]
    items: tuple[str, ...]
    values: np.ndarray


def classes_in_order(path: Path, layout: ExternalLayout, task: Classes) -> tuple[str, ...]:
    """The class of each value of a row; a UserError where the layout lists others than the task."""
    if layout.class_order == "task":
        return task.names
    if layout.class_order == "alphabetical":
        return tuple(sorted(task.names))
    if sorted(layout.class_order) != sorted(task.names):
        raise UserError(
            f"{path} is read by a layout whose class_order does not name each of "
            f"{', '.join(task.names)} once: mend it"
        )
    return tuple(layout.class_order)


def read_external_table(path: Path, layout: ExternalLayout, task: Classes) -> ExternalTable:
    """Read one table.

    A UserError if the file cannot be read in this layout: columns that are not there, a row with
    more or fewer columns, an item twice, a value that is not a finite number, or probabilities that
    are negative or do not sum to one.
    """
    lines = _read_lines(path, layout)
    titles = lines.pop(0)[1] if layout.header else [""] * len(lines[0][1])
    if not lines:
        raise UserError(f"{path} holds column titles only: export it again")
    item_column = _column(path, titles, layout.item_column, layout)
    value_columns = _value_columns(path, titles, layout, task.outputs)
    order = classes_in_order(path, layout, task)
    in_task_order = [order.index(name) for name in task.names]
    row_of: dict[str, int] = {}
    values = np.empty((len(lines), task.outputs))
    for index, (row, cells) in enumerate(lines):
        where = f"{path}, row {row}"
        if len(cells) != len(titles):
            raise UserError(
                f"{where} has {len(cells)} columns instead of {len(titles)}: mend the row or the "
                f"layout's separator {layout.separator!r}"
            )
        item = cells[item_column].strip().removesuffix(layout.item_suffix)
        if item in row_of:
            raise UserError(
                f"{where} holds item {item!r} again (first in row {row_of[item]}): keep one"
            )
        row_of[item] = row
        found = _values(where, [cells[column] for column in value_columns], layout, task.outputs)
        values[index] = found[in_task_order]
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


def _value_columns(
    path: Path, titles: list[str], layout: ExternalLayout, classes: int
) -> list[int]:
    """Numbers of the value columns, or of the one column with the list."""
    if layout.list_column is not None:
        return [_column(path, titles, layout.list_column, layout)]
    one_more = f"{layout.values_prefix}{classes}"
    if one_more in titles:
        raise UserError(
            f"{path} has a column {one_more}, but there are only {classes} classes: mend the "
            "layout's values_prefix"
        )
    named = [f"{layout.values_prefix}{number}" for number in range(classes)]
    return [_column(path, titles, title, layout) for title in named]


def _values(where: str, cells: list[str], layout: ExternalLayout, classes: int) -> np.ndarray:
    numbers = cells if layout.list_column is None else _bracketed_list(where, cells[0], classes)
    try:
        values = np.array([_number(number) for number in numbers])
    except (ValueError, OverflowError) as error:
        raise UserError(f"{where} has a value that is not a number ({error}): mend it") from error
    if not np.isfinite(values).all():
        raise UserError(f"{where} has a value that is not finite: mend or re-export the table")
    return _distribution(where, values) if layout.values == "probability" else values


def _number(cell: str | float) -> float:
    """The number of a cell; Python alone would also read ``1_000`` and digits of other scripts."""
    if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
        raise ValueError(f"could not convert {cell!r} to a number")
    return float(cell)


def _bracketed_list(where: str, cell: str, classes: int) -> list[float]:
    """The numbers of a list such as ``[0.5, -1.25, ...]``, which is JSON."""
    try:
        numbers = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} holds no bracketed list of numbers ({error}): mend it") from error
    if not isinstance(numbers, list) or any(type(number) not in (int, float) for number in numbers):
        raise UserError(f"{where} holds something else than a bracketed list of numbers: mend it")
    if len(numbers) != classes:
        raise UserError(
            f"{where} has {len(numbers)} values instead of {classes}: every item needs one value "
            "per class"
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
