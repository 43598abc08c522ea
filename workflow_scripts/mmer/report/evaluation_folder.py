"""What the evaluation has written, read and checked for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmer.errors import UserError
from mmer.report.words import system_title, variant_words

SUMMARY_COLUMNS = (
    "system",
    "title",
    "modality",
    "variant",
    "clips",
    "mean_accuracy",
    "std",
    "ci95",
    "pooled_accuracy",
    "uar",
    "macro_f1",
    "actor_low",
    "actor_high",
    "ece",
    "paper_accuracy",
    "paper_ci95",
    "difference",
    "verdict",
    "note",
)
CONFUSION_COLUMNS = ("system", "true", "predicted", "mean", "pooled")
SIGNIFICANCE_COLUMNS = (
    "comparison",
    "test",
    "systems",
    "statistic",
    "p_value",
    "corrected_p",
    "holm_p",
    "significant",
    "only_first_correct",
    "only_second_correct",
    "difference",
    "difference_low",
    "difference_high",
)
GROUP_COLUMNS = ("system", "group", "value", "clips", "accuracy", "wilson_low", "wilson_high")
CALIBRATION_COLUMNS = ("system", "bin", "confidence", "accuracy", "clips")
PREDICTION_COLUMNS = ("system", "split", "true", "predicted")
GRID_COLUMNS = ("classifier", "hyperparameter", "split", "accuracy")

CONSTANT = "constant from the literature"
"""How the evaluation's verdict begins on an accuracy that was not measured here."""

_WORDS = ("system", "title", "modality", "variant", "verdict", "note", "true", "predicted")
_MORE_WORDS = ("comparison", "test", "systems", "classifier", "hyperparameter", "split")
_GROUP_WORDS = ("group", "value")


@dataclass(frozen=True)
class EvaluationFolder:
    """The tables of one evaluation.

    Attributes
    ----------
    summary
        A row per system, accuracies in percent; numbers are missing where it was not run.
    confusion
        A row per system, true and predicted emotion: clips of an average fold, ``mean``, and
        of all folds, ``pooled``.
    significance
        A row per test.
    """

    summary: pd.DataFrame
    confusion: pd.DataFrame
    significance: pd.DataFrame

    def name(self, system: str) -> str:
        """What readers see for a system: its title and its variant."""
        rows = self.summary[self.summary["system"] == system]
        if rows.empty:
            return system
        row = rows.iloc[0]
        if row["modality"] == "fusion" or is_reference(rows).iloc[0]:
            return str(row["title"])
        return f"{row['title']}, {variant_words(row['variant'])}"


def read_evaluation(folder: Path) -> EvaluationFolder:
    """Read ``summary.csv``, ``confusion.csv`` and ``significance.csv``.

    Raises
    ------
    UserError
        If one cannot be read or lacks a column.
    """
    summary = read_table(folder / "summary.csv", SUMMARY_COLUMNS)
    return EvaluationFolder(
        summary=summary.assign(title=summary["title"].map(system_title)),
        confusion=read_table(folder / "confusion.csv", CONFUSION_COLUMNS),
        significance=read_table(folder / "significance.csv", SIGNIFICANCE_COLUMNS),
    )


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV table that must have these columns.

    Raises
    ------
    UserError
        If it cannot be read or lacks a column.
    """
    words = dict.fromkeys([*_WORDS, *_MORE_WORDS, *_GROUP_WORDS], str)
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


def is_reference(summary: pd.DataFrame) -> pd.Series:
    """Whether each row is no recogniser but what one is compared with: ZeroR or a constant."""
    return (summary["variant"] == "none") | summary["verdict"].str.startswith(CONSTANT)
