"""What the evaluation has written, read and checked for the report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmer.report.words import system_title, variant_words
from mmer.runtime.errors import UserError


def _columns(words: str) -> tuple[str, ...]:
    return tuple(words.split())


SYSTEM_COLUMNS = _columns("system title modality variant")
SUMMARY_COLUMNS = SYSTEM_COLUMNS + _columns(
    "items mean_accuracy std ci95 pooled_accuracy uar macro_f1 speaker_low speaker_high ece "
    "paper_accuracy paper_ci95 difference verdict note"
)
CONFUSION_COLUMNS = _columns("system true predicted mean pooled")
SIGNIFICANCE_COLUMNS = _columns(
    "comparison test systems statistic p_value corrected_p holm_p significant only_first_correct "
    "only_second_correct difference difference_low difference_high"
)
GROUP_COLUMNS = _columns("system group value items accuracy wilson_low wilson_high")
CALIBRATION_COLUMNS = _columns("system bin confidence accuracy items")
PREDICTION_COLUMNS = _columns("system split true predicted")
GRID_COLUMNS = _columns("classifier hyperparameter split accuracy")
TRACE_COLUMNS = SYSTEM_COLUMNS + _columns(
    "dimension items steps mean_ccc std ccc ccc_low ccc_high rmse rmse_low rmse_high pearson "
    "pearson_low pearson_high verdict note"
)
DIFFERENCE_COLUMNS = _columns("first second dimension difference difference_low difference_high")

CONSTANT = "constant from the literature"
"""How the evaluation's verdict begins on an accuracy that was not measured here."""

_WORDS = (
    *SYSTEM_COLUMNS,
    *_columns("verdict note true predicted comparison test systems significant"),
    *_columns("classifier hyperparameter split group value dimension item"),
)


@dataclass(frozen=True)
class Summary:
    """What was measured of every system.

    Attributes
    ----------
    table
        A row per system, or for traces per system and dimension; numbers are missing where it was
        not run.
    references
        Systems that are no recognisers but what one is compared with.
    """

    table: pd.DataFrame
    references: frozenset[str] = frozenset()

    @property
    def is_reference(self) -> pd.Series:
        """Whether each row is no recogniser: a reference, or a constant from the literature."""
        constant = self.table["verdict"].str.startswith(CONSTANT)
        return self.table["system"].isin(self.references) | constant

    @property
    def recognisers(self) -> pd.DataFrame:
        """The rows of recognisers."""
        return self.table[~self.is_reference]

    def name(self, system: str) -> str:
        """What readers see for a system: its title and its variant."""
        rows = self.table[self.table["system"] == system]
        if rows.empty:
            return system
        row = rows.iloc[0]
        if row["modality"] == "fusion" or self.is_reference[rows.index[0]]:
            return str(row["title"])
        return f"{row['title']}, {variant_words(row['variant'])}"


def read_summary(
    folder: Path,
    references: Collection[str] = (),
    columns: Sequence[str] = SUMMARY_COLUMNS,
) -> Summary:
    """Read ``summary.csv``.

    Raises
    ------
    UserError
        If it cannot be read or lacks a column.
    """
    table = read_table(folder / "summary.csv", columns)
    table = table.assign(title=table["title"].map(system_title))
    return Summary(table, frozenset(references))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table that must have these columns; empty words are empty text.

    Raises
    ------
    UserError
        If it cannot be read or lacks a column.
    """
    words = dict.fromkeys(_WORDS, str)
    try:
        table = pd.read_csv(path, dtype=words)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as a table ({error}): run its step again"
        ) from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: run its step again")
    return table.fillna({name: "" for name in words if name in table})
