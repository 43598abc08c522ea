"""A table for readers: what its columns show, apart from the format it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mmer.report.corpus_label import corpus_sentence, headed

NOTHING = "–"
"""Shown where there is no number."""


@dataclass(frozen=True)
class Column:
    """One shown column: its heading, and the column of the rows that holds its values.

    Attributes
    ----------
    half_width
        The column with the half width of the value's interval, shown behind ±.
    interval
        The columns with the ends of the value's interval, shown in brackets.
    digits
        Decimals of a number; None shows the value as it is.
    p_value
        Whether small values are shown as a bound.
    """

    heading: str
    key: str
    half_width: str | None = None
    interval: tuple[str, str] | None = None
    digits: int | None = None
    signed: bool = False
    p_value: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the column is set flush right and sorted by size."""
        return self.digits is not None

    def text(self, row: pd.Series) -> str:
        """What is shown in one row."""
        value = row[self.key]
        if is_missing(value):
            return NOTHING
        if self.digits is None:
            return str(value)
        if self.p_value and value < 10**-self.digits:
            return f"< {10**-self.digits:.{self.digits}f}"
        shown = self._number(value)
        if self.half_width is not None and not is_missing(row[self.half_width]):
            shown = f"{shown} ± {row[self.half_width]:.{self.digits}f}"
        if self.interval is not None:
            low, high = (self._number(row[end]) for end in self.interval)
            shown = f"{shown} ({low} to {high})"
        return shown

    def _number(self, value: float) -> str:
        text = f"{value:{'+' if self.signed else ''}.{self.digits}f}"
        return text.replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Table:
    """Rows, the columns to show, and the words around them.

    Rows may hold more columns than are shown.  The title and the notes do not name the corpus,
    which ``label`` does.  ``best`` are positions of rows whose cell is emphasised, by the column's
    key.
    """

    title: str
    label: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()
    best: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column in self.columns:
            assert column.key in self.rows, f"no column {column.key} to show"

    @property
    def heading(self) -> str:
        """The title with the corpus."""
        return headed(self.title, self.label)

    @property
    def caption(self) -> str:
        """The corpus's sentence, then the notes."""
        return " ".join([corpus_sentence(self.label), *self.notes])

    def is_best(self, position: int, column: Column) -> bool:
        """Whether a cell is emphasised."""
        return position in self.best.get(column.key, ())

    def texts(self) -> list[list[str]]:
        """The shown cells, row by row."""
        return [[column.text(row) for column in self.columns] for _, row in self.rows.iterrows()]


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return bool(pd.isna(value)) or value == ""


def largest(values: pd.Series) -> frozenset[int]:
    """The positions that hold the largest number, none where there is no number."""
    highest = values.max()
    return frozenset(position for position, value in enumerate(values) if value == highest)
