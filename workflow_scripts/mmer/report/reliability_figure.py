"""Whether systems are right as often as they say: a reliability diagram of each.

Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017), figure 1.
"""

from __future__ import annotations

import math
import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmer.report.evaluation_folder import Summary
from mmer.report.style import COLOURS, new_figure, no_data_figure

_COLUMNS = 4


def reliability_figure(calibration: pd.DataFrame, summary: Summary, label: str) -> Figure:
    """Draw a panel per system that gives probabilities.

    A point per bin of confidence: how often items of that confidence are recognised; its area is
    the share of items.  On the diagonal a system is right as often as it says.
    """
    title = "Reliability: accuracy by confidence"
    bins = calibration[calibration["items"] > 0]
    systems = list(dict.fromkeys(bins["system"]))
    if not systems:
        return no_data_figure(title, "no system of this run gives probabilities", label)
    rows = math.ceil(len(systems) / _COLUMNS)
    figure, plot = new_figure(2.7 * _COLUMNS, 2.9 * rows, title, label)
    panels = plot.subplots(rows, _COLUMNS, squeeze=False)
    errors = summary.table.set_index("system")["ece"]
    for axes, system in zip(panels.flat, systems, strict=False):
        _panel(axes, bins[bins["system"] == system])
        name = textwrap.shorten(summary.name(system), 80, placeholder=" …")
        heading = f"{textwrap.fill(name, 36)}\nerror {errors[system]:.1f} points"
        axes.set_title(heading, fontsize=7.5)
    for axes in panels.flat[len(systems) :]:
        axes.set_axis_off()
    plot.supxlabel("confidence, %", fontsize=9)
    plot.supylabel("accuracy, %", fontsize=9)
    return figure


def _panel(axes: Axes, bins: pd.DataFrame) -> None:
    axes.plot([0, 100], [0, 100], color="#555555", linestyle=":", linewidth=1.2)
    areas = 300 * bins["items"] / bins["items"].sum()
    axes.plot(bins["confidence"], bins["accuracy"], color=COLOURS[0], linewidth=1)
    axes.scatter(
        bins["confidence"], bins["accuracy"], areas, color=COLOURS[0], alpha=0.75, clip_on=False
    )
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    axes.grid()
