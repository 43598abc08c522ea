"""What the choices are worth, as a forest: a line per part of a system, with its interval."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmer.report.choices_table import PARTS
from mmer.report.style import COLOURS, new_figure, no_data_figure
from mmer.report.words import variant_words

_TITLE = "What the choices are worth"
_ROW_INCHES = 0.23
_COLOURS = dict(zip(PARTS, [COLOURS[-1], *COLOURS[:-1], "#777777"], strict=True))


def choices_figure(choices: pd.DataFrame, label: str) -> Figure:
    """Draw every difference of the table of :mod:`mmer.evaluation.choices` and its interval."""
    drawn = choices[choices["difference"].notna()]
    if drawn.empty:
        return no_data_figure(_TITLE, "no system was run under two protocols", label)
    lines = len(drawn) + drawn["system"].nunique()
    figure, plot = new_figure(9.4, 1.0 + _ROW_INCHES * lines, _TITLE, label)
    axes = plot.add_subplot()
    axes.axvline(0, color="#555555", linewidth=0.9)
    ticks: dict[int, str] = {}
    at = 0
    for _, rows in drawn.groupby("system", sort=False):
        _head(axes, at, _name(rows.iloc[0]))
        for part in (part for part in PARTS if part in set(rows["part"])):
            at += 1
            ticks[at] = PARTS[part]
            _line(axes, at, rows[rows["part"] == part].iloc[0])
        at += 1
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(at - 0.4, -0.6)
    axes.set_xlabel(
        "percentage points of accuracy, with the 95 % interval over speakers; right of 0 flatters"
    )
    axes.grid(axis="x")
    return figure


def _head(axes: Axes, at: int, name: str) -> None:
    """A system's name on a line of its own, over the lines of its parts."""
    look = {"fontsize": 8, "fontweight": "bold", "va": "center", "zorder": 4}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    place = axes.get_yaxis_transform()
    axes.text(
        0.005, at, textwrap.shorten(name, 105, placeholder=" …"), bbox=box, transform=place, **look
    )
    if at:
        axes.axhline(at - 0.5, color="#cccccc", linewidth=0.8)


def _line(axes: Axes, at: int, row: pd.Series) -> None:
    """A part with its interval."""
    value = row["difference"]
    ends = [[value - row["difference_low"]], [row["difference_high"] - value]]
    look = {"color": _COLOURS[row["part"]], "capsize": 3, "markersize": 5, "linestyle": "none"}
    axes.errorbar([value], [at], xerr=ends, marker="D" if row["part"] == "whole" else "o", **look)


def _name(row: pd.Series) -> str:
    variant = "" if row["modality"] == "fusion" else f", {variant_words(row['variant'])}"
    return f"{row['title']}{variant}"
