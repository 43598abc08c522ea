"""A reproduced accuracy beside the paper's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper_description import read_paper
from mmer.evaluation.settings import PaperRow
from mmer.runtime.errors import UserError

UNJUDGED = "not comparable"
"""How the verdict begins on a number that was not made as the paper's was."""


class PaperResult(NamedTuple):
    """The paper's accuracy, in percent.

    ``ci95`` is half its 95 % interval in percentage points: the paper's, or where its table has
    none, by its formula over the items that its description counts.
    """

    accuracy: float
    ci95: float


class Comparison(NamedTuple):
    """A number beside the paper's: ours minus theirs, in percentage points.

    ``verdict`` is ``reproduced`` where ours lies in the paper's interval, else ``outside by x
    points``, x being the distance to the nearer end of that interval.
    """

    difference: float
    verdict: str


def compare_with_paper(accuracy: float, paper: PaperResult) -> Comparison:
    """Compare a mean accuracy, in percent, with the paper's."""
    difference = accuracy - paper.accuracy
    beyond = abs(difference) - paper.ci95
    # The paper's numbers have two decimals; so has the comparison.
    if beyond < 0.005:
        return Comparison(difference, "reproduced")
    return Comparison(difference, f"outside by {beyond:.2f} points")


def deviation_over_items(accuracy: float) -> float:
    """The deviation of right (100) and wrong (0) over the items of an accuracy in percent.

    It is that of the items as a population, which is what fits section 5.3 of the paper: 42.30 is
    1,104 of 1,440 clips right.
    """
    return math.sqrt(accuracy * (100 - accuracy))


def result_of_deviation(deviation: float, items: int) -> PaperResult:
    """A deviation over items with half the range that its accuracy's 95 % interval leaves it.

    The accuracy is the one above 50 % that has this deviation; its interval is the paper's formula.
    """
    assert 0 <= deviation <= 50, "right and wrong deviate by 50 at most"
    accuracy = 50 + math.sqrt(2500 - deviation**2)
    beside = half_width(accuracy, items)
    ends = [deviation_over_items(min(accuracy + sign * beside, 100)) for sign in (-1, 1)]
    return PaperResult(deviation, (ends[0] - ends[1]) / 2)


def compare_unlike(accuracy: float, paper: PaperResult, unlike: str) -> Comparison:
    """The difference from the paper's number, and why it is not judged by it."""
    return Comparison(accuracy - paper.accuracy, f"{UNJUDGED} ({unlike})")


def not_run(reason: str) -> str:
    """The verdict on a system that was not run."""
    return f"not run: {reason}"


def find_in_paper(folder: Path, where: PaperRow) -> PaperResult:
    """Look a number up in the paper's tables.

    A UserError if the table, a column or exactly one row is not there.
    """
    path = folder / f"{where.table}.csv"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): mend the paper row's table") from error
    missing = [column for column in [*where.row, where.column] if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}: mend the paper row")
    table = table[(table[list(where.row)] == list(where.row.values())).all(axis=1)]
    if len(table) != 1:
        told = ", ".join(f"{column} {value!r}" for column, value in where.row.items())
        raise UserError(
            f"{path} has {len(table)} rows with {told} instead of one: mend the paper row"
        )
    row = table.iloc[0]
    stated = row.get("ci95", "") if where.column == "accuracy" else ""
    try:
        accuracy = float(row[where.column])
        ci95 = float(stated) if stated else half_width(accuracy, read_paper(folder).items)
    except ValueError as error:
        raise UserError(f"{path}: {where.column} holds no number ({error}): mend it") from error
    return PaperResult(accuracy, ci95)
