"""A verdict on every number of the paper: reproduced, outside by how much, or not run and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.evaluation.paper import UNJUDGED, compare_with_paper
from mmer.evaluation.settings import PaperRow
from mmer.report.corpus_label import is_synthetic
from mmer.report.evaluation_folder import CONSTANT, Summary
from mmer.report.fusion_table import mean_over_splits
from mmer.report.paper_numbers import PaperNumber
from mmer.report.table import Column, Table
from mmer.report.words import variant_words

NOT_COMPARABLE = f"{UNJUDGED} (synthetic)"
"""The verdict on every number of a synthetic corpus: one near the paper's reproduces nothing."""
NO_SYSTEM = "not run: no system of this run stands for it"
NO_CANDIDATE = "not run: the grid of this run leaves it out"

KINDS = ("reproduced", "outside", UNJUDGED, "not run", "constant")
"""How verdicts begin."""


def verdicts_table(
    numbers: Sequence[PaperNumber],
    summary: Summary,
    paper_rows: Mapping[str, PaperRow],
    grids: Mapping[str, Path],
    label: str,
) -> Table:
    """A row per number of the paper, ours beside it."""
    found = systems_of(numbers, paper_rows)
    accuracies = {pairing: mean_over_splits(path) for pairing, path in grids.items()}
    rows = []
    for position, number in enumerate(numbers):
        if number.kind == "grid":
            ours = _of_grid(number, accuracies, summary)
        else:
            ours = _of_system(number, found.get(position), summary)
        rows.append(_row(number, ours, label))
    return Table(
        title="A verdict on every number of the paper",
        label=label,
        columns=(
            Column("Paper", "place"),
            Column("Row", "row"),
            Column("Input", "input"),
            Column("Paper %", "paper_accuracy", "paper_ci95", digits=2),
            Column("Ours %", "accuracy", "ci95", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Verdict", "verdict"),
            Column("Our system", "title"),
        ),
        rows=pd.DataFrame(rows),
        notes=(
            "Difference is ours minus the paper's, in percentage points; reproduced means ours "
            "lies within the paper's interval, which where the paper prints none is that of its "
            "formula over its own clips. Numbers that it repeats elsewhere are compared with the "
            "same system.",
        ),
    )


def systems_of(
    numbers: Sequence[PaperNumber], paper_rows: Mapping[str, PaperRow]
) -> dict[int, str]:
    """Which system of the run stands for a number, by the number's position.

    The configuration names rows for its systems.  A number that it does not name, but that the
    paper prints under the same condition with the same accuracy elsewhere, is that of the same
    experiment: so a figure of top systems repeats the tables.
    """
    found: dict[int, str] = {}
    experiments: dict[tuple[str, float], str] = {}
    for position, number in enumerate(numbers):
        for system, where in paper_rows.items():
            named = all(number.keys.get(name) == value for name, value in where.row.items())
            if (where.table, where.column) == (number.file, number.column) and named:
                found.setdefault(position, system)
                experiments.setdefault((number.variant, number.result.accuracy), system)
    for position, number in enumerate(numbers):
        same = experiments.get((number.variant, number.result.accuracy))
        if position not in found and same is not None and number.kind != "grid":
            found[position] = same
    return found


def counts_by_place(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How many ``numbers`` of each table and figure, and how many of each kind of verdict."""
    kinds = verdicts["verdict"].map(lambda text: next(k for k in KINDS if text.startswith(k)))
    counts = pd.crosstab(verdicts["place"], kinds)
    counts = counts.reindex(index=verdicts["place"].unique(), columns=KINDS, fill_value=0)
    return counts.assign(numbers=counts.sum(axis=1))


def _row(number: PaperNumber, ours: dict[str, object], label: str) -> dict[str, object]:
    """The line of one number; a synthetic corpus is judged on nothing."""
    judged = str(ours["verdict"]).startswith(("reproduced", "outside", UNJUDGED))
    if judged and is_synthetic(label):
        ours = ours | {"verdict": NOT_COMPARABLE}
    return {
        "place": number.place,
        "row": number.words,
        "input": variant_words(number.variant),
        "paper_accuracy": number.result.accuracy,
        "paper_ci95": number.result.ci95,
        **ours,
    }


def _of_system(number: PaperNumber, system: str | None, summary: Summary) -> dict[str, object]:
    """What the run has for a number of a system."""
    rows = summary.table[summary.table["system"] == system]
    if system is None or rows.empty:
        return _nothing(NO_SYSTEM, "")
    row = rows.iloc[0]
    title = row["title"]
    if row["verdict"].startswith("not run"):
        return _nothing(row["verdict"], title)
    if row["verdict"].startswith(CONSTANT):
        return _nothing(row["verdict"], title) | {"accuracy": row["mean_accuracy"]}
    compared = _compared(number, row["mean_accuracy"], title) | {"ci95": row["ci95"]}
    if row["verdict"].startswith(UNJUDGED):
        compared["verdict"] = row["verdict"]
    return compared


def _of_grid(
    number: PaperNumber, accuracies: Mapping[str, pd.Series], summary: Summary
) -> dict[str, object]:
    """What the run has for a candidate of the fusion's grid."""
    pairing, candidate = number.variant, (number.keys["model"], number.keys["hyperparameter"])
    if pairing not in accuracies:
        return _of_system(number, pairing, summary)
    if candidate not in accuracies[pairing].index:
        return _nothing(NO_CANDIDATE, "")
    compared = _compared(number, accuracies[pairing][candidate], f"late fusion, {number.words}")
    fused = _of_system(number, pairing, summary)
    if fused["verdict"].startswith(UNJUDGED):
        compared["verdict"] = fused["verdict"]
    return compared


def _compared(number: PaperNumber, accuracy: float, title: str) -> dict[str, object]:
    comparison = compare_with_paper(accuracy, number.result)
    return _nothing(comparison.verdict, title) | {
        "accuracy": accuracy,
        "difference": comparison.difference,
    }


def _nothing(verdict: str, title: str) -> dict[str, object]:
    """A line without a number of ours."""
    missing = dict.fromkeys(("accuracy", "ci95", "difference"), np.nan)
    return {**missing, "verdict": verdict, "title": title}
