"""Figures of traces: concordance with its interval, an example beside its truth, a scatter."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mmer.evaluation.trace_tables import MEAN
from mmer.report.evaluation_folder import Summary
from mmer.report.style import COLOURS, new_figure
from mmer.tasks import Traces

POINTS = 5000
"""Of a scatter, taken evenly where there are more steps."""

_TRUE, _PREDICTED = "#555555", COLOURS[0]


def concordance_figure(summary: Summary, task: Traces, label: str) -> Figure:
    """A panel per dimension and one of their mean, a line per system with its CCC and interval."""
    names = [*task.names, MEAN]
    systems = list(dict.fromkeys(summary.table["system"]))
    width, height = 3.6 + 2.2 * len(names), 1.0 + 0.46 * len(systems)
    figure, plot = new_figure(width, height, "Concordance (CCC) of every system", label)
    panels = plot.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        rows = summary.table[summary.table["dimension"] == name].set_index("system").loc[systems]
        for position, (_, row) in enumerate(rows.iterrows()):
            if pd.isna(row["ccc"]):
                reason = textwrap.shorten(row["verdict"], 40, placeholder=" …")
                look = {"ha": "center", "va": "center", "fontsize": 7, "color": "#5c2e00"}
                axes.text(0, position, reason, **look)
                continue
            edges = [[row["ccc"] - row["ccc_low"]], [row["ccc_high"] - row["ccc"]]]
            look = {"color": COLOURS[0], "marker": "o", "capsize": 3, "markersize": 5}
            # The bootstrap's interval need not hold the value itself.
            axes.errorbar(row["ccc"], position, xerr=np.maximum(edges, 0), **look)
        axes.axvline(0, color="#555555", linestyle=":", linewidth=1)
        axes.set(xlim=(-1, 1), title=name)
        axes.set_xlabel("CCC (95 % interval)")
        axes.grid(axis="x")
    words = [textwrap.fill(summary.name(system), 44) for system in systems]
    panels[0].set_yticks(range(len(systems)), words, fontsize=8)
    panels[0].set_ylim(len(systems) - 0.4, -0.6)
    return figure


def example_item(of_system: pd.DataFrame) -> str:
    """The item whose mean CCC is the median of the system's: neither its best nor its worst.

    Of an even number the better one of the two in the middle; of equals the first by name.
    """
    means = of_system.groupby("item")["ccc"].mean().sort_index()
    return str(means.sort_values(ascending=False, kind="stable").index[(len(means) - 1) // 2])


def example_figure(
    rows: pd.DataFrame, of_system: pd.DataFrame, task: Traces, title: str, label: str
) -> Figure:
    """One item over time, a panel per dimension: the true trace and the predicted one."""
    item = example_item(of_system)
    shown = rows[rows["item"] == item].sort_values("step")
    scores = of_system[of_system["item"] == item].set_index("dimension")["ccc"]
    seconds = (shown["step"] + 0.5) / task.rate
    figure, plot = new_figure(9.0, 0.6 + 1.9 * task.outputs, f"{title}: item {item}", label)
    panels = plot.subplots(task.outputs, 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, task.names, strict=True):
        axes.plot(seconds, shown[f"true_{name}"], color=_TRUE, linewidth=1.4, label="true")
        predicted = shown[f"predicted_{name}"]
        axes.plot(seconds, predicted, color=_PREDICTED, linestyle="--", label="predicted")
        axes.set_title(f"{name}: CCC {scores[name]:.3f}", loc="left", fontsize=9)
        axes.grid()
    panels[-1].set_xlabel("seconds")
    handles, _ = panels[0].get_legend_handles_labels()
    plot.legend(handles=handles, loc="outside upper right", ncols=2)
    return figure


def scatter_figure(rows: pd.DataFrame, task: Traces, title: str, label: str) -> Figure:
    """True against predicted values of all steps, a panel per dimension."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, POINTS).round().astype(np.int64))
    shown = rows.iloc[chosen]
    figure, plot = new_figure(max(3.2 * task.outputs, 4.2), 3.2, title, label)
    panels = plot.subplots(1, task.outputs, squeeze=False)[0]
    for axes, name in zip(panels, task.names, strict=True):
        true, predicted = shown[f"true_{name}"], shown[f"predicted_{name}"]
        edges = min(true.min(), predicted.min()), max(true.max(), predicted.max())
        axes.plot(edges, edges, color=_TRUE, linestyle=":", linewidth=1.2)
        axes.scatter(true, predicted, 6, color=_PREDICTED, alpha=0.3, linewidths=0, rasterized=True)
        axes.set(title=name, xlabel="true", ylabel="predicted")
        axes.grid()
    return figure
