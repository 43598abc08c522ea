"""Accuracy of every system by emotion, intensity, sex, statement and actor."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from mmer.report.evaluation_folder import EvaluationFolder
from mmer.report.style import new_figure, no_data_figure
from mmer.report.table import Column, Table

CLIP_GROUPS = ("emotion", "intensity", "sex", "statement")
"""What a clip is; drawn in one figure, actors in another."""

_DARK = 55.0
"""Percent from which the colour is too dark for black digits."""


def group_figure(
    groups: pd.DataFrame, evaluation: EvaluationFolder, drawn: Sequence[str], corpus_label: str
) -> Figure:
    """Draw a row per system, a column per value of each group, the accuracy in each cell.

    Parameters
    ----------
    groups
        The evaluation's table of groups.
    evaluation
        Names of systems.
    drawn
        The groups to draw, a panel each.
    corpus_label
        What was measured on.
    """
    groups = groups[groups["group"].isin(drawn)]
    title = f"Accuracy by {', '.join(drawn)}"
    if groups.empty:
        return no_data_figure(title, "no system was run", corpus_label)
    tables = {
        name: part.pivot_table("accuracy", "system", "value", sort=False)
        for name, part in groups.groupby("group", sort=False)
    }
    systems = list(dict.fromkeys(groups["system"]))
    widths = [len(table.columns) for table in tables.values()]
    width, height = 4.6 + 0.42 * sum(widths), 0.9 + 0.38 * len(systems)
    figure, plot = new_figure(width, height, title, corpus_label)
    panels = plot.subplots(1, len(tables), squeeze=False, width_ratios=widths)[0]
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        image = _panel(axes, table.loc[systems], name)
        axes.set_yticks([])
    names = [textwrap.fill(evaluation.name(system), 68) for system in systems]
    panels[0].set_yticks(range(len(systems)), names, fontsize=7.5)
    bar = plot.colorbar(image, ax=list(panels), pad=0.01, aspect=30)
    bar.set_label("accuracy, %")
    bar.outline.set_visible(False)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, name: str) -> AxesImage:
    """One group: its values as columns."""
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for row, accuracies in enumerate(table.to_numpy()):
        for column, accuracy in enumerate(accuracies):
            colour = "white" if accuracy > _DARK else "black"
            look = {"ha": "center", "va": "center", "fontsize": 7.5, "color": colour}
            axes.text(column, row, f"{accuracy:.0f}", **look).set_in_layout(False)
    # Statements are known by their first word.
    values = [value.split()[0] for value in table.columns]
    axes.set_xticks(range(len(values)), values, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_title(name, fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def group_table(groups: pd.DataFrame, evaluation: EvaluationFolder, corpus_label: str) -> Table:
    """Every system and group with its interval."""
    intervals = zip(groups["wilson_low"], groups["wilson_high"], strict=True)
    rows = groups.assign(
        name=[evaluation.name(system) for system in groups["system"]],
        interval=[f"{low:.2f} to {high:.2f}" for low, high in intervals],
    )
    return Table(
        title="Accuracy by emotion, actor, intensity, sex and statement",
        corpus_label=corpus_label,
        columns=(
            Column("System", "name"),
            Column("Group", "group"),
            Column("Value", "value"),
            Column("Clips", "clips", digits=0),
            Column("Accuracy %", "accuracy", digits=2),
            Column("Interval", "interval"),
        ),
        rows=rows,
        notes=(
            "Over all held-out clips; of an emotion it is the recall. The interval is Wilson's at "
            "95 %, with clips as independent. Neutral has no strong intensity, so the two "
            "intensities do not hold the same emotions.",
        ),
    )
