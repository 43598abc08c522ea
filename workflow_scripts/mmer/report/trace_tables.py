"""The tables of results for traces: concordance of every system and dimension."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from mmer.evaluation.trace_tables import MEAN
from mmer.report.evaluation_folder import Summary
from mmer.report.result_tables import intervals, note_column
from mmer.report.table import Column, Table, largest

_SCORES = ("ccc", "rmse", "pearson")

_NOTE = (
    "CCC is Lin's concordance (1989) over all steps of all held-out items, RMSE the root of the "
    "mean squared error in the dimension's unit, r Pearson's correlation. Intervals are those at "
    "95 % of the bootstrap over whole speakers. Mean over folds: of each held-out fold's CCC, with "
    "its deviation. The row of the mean is over dimensions."
)
_TESTS_NOTE = (
    "Cochran's Q and McNemar's tests compare recognised items and so need classes; traces have "
    "none. Difference: CCC of the first minus the second, with its 95 % interval by the bootstrap "
    "over speakers; one that leaves out zero is marked."
)


def traces_table(summary: Summary, label: str, modality: str | None = None) -> Table:
    """A row per system and dimension; of one modality, or of all."""
    chosen = summary if modality is None else summary.of_modality(modality)
    rows = chosen.table
    shown = {f"{score}_interval": intervals(rows, score, 3) for score in _SCORES}
    return Table(
        title=f"{modality.capitalize()}: traces followed" if modality else "All systems",
        label=label,
        columns=(
            Column("Modality", "modality"),
            Column("System", "title"),
            Column("Input", "input"),
            Column("Dimension", "dimension"),
            Column("Items", "items", digits=0),
            Column("Steps", "steps", digits=0),
            Column("CCC", "ccc", digits=3),
            Column("Interval of CCC", "ccc_interval"),
            Column("Mean over folds", "mean_ccc", "std", digits=3),
            Column("RMSE", "rmse", digits=3),
            Column("Interval of RMSE", "rmse_interval"),
            Column("r", "pearson", digits=3),
            Column("Interval of r", "pearson_interval"),
            Column("Verdict", "verdict"),
            *note_column(rows),
        ),
        rows=rows.assign(input=chosen.inputs, **shown),
        notes=(_NOTE, "Bold: the highest mean over dimensions."),
        best={"ccc": largest(rows["ccc"].mask(chosen.is_reference | (rows["dimension"] != MEAN)))},
    )


def trace_terminal_table(summary: Summary, label: str) -> Table:
    """The few columns that the workflow prints at its end."""
    whole = traces_table(summary, label)
    kept = ("dimension", "ccc", "ccc_interval", "rmse", "verdict")
    return replace(
        whole,
        title="Results",
        columns=(Column("System", "name"), *(c for c in whole.columns if c.key in kept)),
        rows=whole.rows.assign(name=[summary.name(s) for s in whole.rows["system"]]),
        notes=(),
    )


def no_tests_table(differences: pd.DataFrame, summary: Summary, label: str) -> Table:
    """Differences of each pair of systems, in the place of tests that need classes."""
    differ = (differences["difference_low"] > 0) | (differences["difference_high"] < 0)
    return Table(
        title="Differences between systems",
        label=label,
        columns=(
            Column("First", "first_name"),
            Column("Second", "second_name"),
            Column("Dimension", "dimension"),
            Column("Difference of CCC", "difference", digits=3, signed=True),
            Column("Interval over speakers", "interval"),
            Column("Leaves out zero", "differ"),
        ),
        rows=differences.assign(
            first_name=[summary.name(system) for system in differences["first"]],
            second_name=[summary.name(system) for system in differences["second"]],
            interval=intervals(differences, "difference", 3),
            differ=["yes" if each else "no" for each in differ],
        ),
        notes=(_TESTS_NOTE,),
    )
