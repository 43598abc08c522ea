"""Accuracy of every system by class, by speaker, and by what else a corpus says of an item."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from mmer.report.evaluation_folder import Summary
from mmer.report.style import new_figure, no_data_figure

_DARK = 55.0
"""Percent from which the colour is too dark for black digits."""


def group_figure(
    groups: pd.DataFrame, summary: Summary, drawn: Sequence[str], label: str
) -> Figure:
    """Draw a row per system, a column per value of each group, the accuracy in each cell."""
    groups = groups[groups["group"].isin(drawn)]
    title = f"Accuracy by {', '.join(drawn) or 'group'}"
    if groups.empty:
        return no_data_figure(title, "no system was run", label)
    tables = {
        name: part.pivot_table("accuracy", "system", "value", sort=False)
        for name, part in groups.groupby("group", sort=False)
    }
    systems = list(dict.fromkeys(groups["system"]))
    widths = [len(table.columns) for table in tables.values()]
    width, height = 4.6 + 0.42 * sum(widths), 0.9 + 0.38 * len(systems)
    figure, plot = new_figure(width, height, title, label)
    panels = plot.subplots(1, len(tables), squeeze=False, width_ratios=widths)[0]
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        image = _panel(axes, table.loc[systems], name)
        axes.set_yticks([])
    names = [textwrap.fill(summary.name(system), 68) for system in systems]
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
    # Sentences are known by their first word.
    values = [str(value).split()[0] for value in table.columns]
    axes.set_xticks(range(len(values)), values, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_title(name, fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image
