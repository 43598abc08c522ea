"""What the evaluation has written, read and checked for the report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmer.report.words import system_title, variant_words
from mmer.runtime.errors import UserError

CONSTANT = "constant from the literature"
"""How the evaluation's verdict begins on an accuracy that was not measured here."""

_WORDS = (
    *("system", "title", "modality", "variant", "fed", "verdict", "note", "true", "predicted"),
    *("comparison", "test", "systems", "significant", "classifier", "hyperparameter"),
    *("split", "group", "value", "dimension", "item", "part", "reason"),
)


@dataclass(frozen=True)
class Summary:
    """What was measured: a row per system, or for traces per system and dimension.

    Numbers are missing where a system was not run; ``references`` are no recognisers but what one
    is compared with.
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

    @property
    def inputs(self) -> pd.Series:
        """What readers see for each row's variant."""
        return self.table["variant"].mask(self.is_reference, "none").map(variant_words)

    def of_modality(self, modality: str) -> Summary:
        """The rows of one modality."""
        rows = self.table[self.table["modality"] == modality].reset_index(drop=True)
        return Summary(rows, self.references)

    def name(self, system: str) -> str:
        """What readers see for a system: its title and its variant."""
        rows = self.table[self.table["system"] == system]
        if rows.empty:
            return system
        row = rows.iloc[0]
        if row["modality"] == "fusion" or self.is_reference[rows.index[0]]:
            return str(row["title"])
        return f"{row['title']}, {variant_words(row['variant'])}"


def read_summary(folder: Path, references: Collection[str] = ()) -> Summary:
    """Read ``summary.csv``."""
    table = read_table(folder / "summary.csv")
    table = table.assign(title=table["title"].map(system_title))
    return Summary(table, frozenset(references))


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV table; empty words are empty text."""
    words = dict.fromkeys(_WORDS, str)
    try:
        table = pd.read_csv(path, dtype=words)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as a table ({error}): run its step again"
        ) from error
    return table.fillna({name: "" for name in words if name in table})
