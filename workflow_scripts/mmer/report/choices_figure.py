"""What the choices are worth, as a forest: a line per part of a system, with its interval."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from mmer.report.choices_table import PARTS
from mmer.report.style import COLOURS, new_figure, no_data_figure
from mmer.report.words import variant_words

_TITLE = "What the choices are worth"
_ROW_INCHES = 0.23


def choices_figure(choices: pd.DataFrame, label: str) -> Figure:
    """Draw every difference of the table of :mod:`mmer.evaluation.choices` and its interval."""
    drawn = choices[choices["difference"].notna()]
    if drawn.empty:
        return no_data_figure(_TITLE, "no system was run under two protocols", label)
    order = {part: place for place, part in enumerate(PARTS)}
    drawn = drawn.assign(order=drawn["part"].map(order))
    lines = len(drawn) + drawn["system"].nunique()
    figure, plot = new_figure(9.4, 1.0 + _ROW_INCHES * lines, _TITLE, label)
    axes = plot.add_subplot()
    axes.axvline(0, color="#555555", linewidth=0.9)
    ticks: dict[int, str] = {}
    heads: list[int] = []
    for _, rows in drawn.groupby("system", sort=False):
        heads.append(len(ticks))
        ticks[len(ticks)] = _name(rows.iloc[0])
        for _, row in rows.sort_values("order").iterrows():
            at, value = len(ticks), row["difference"]
            colour = COLOURS[order[row["part"]] % len(COLOURS)]
            ends = [[value - row["difference_low"]], [row["difference_high"] - value]]
            look = {"color": colour, "capsize": 3, "markersize": 5, "linestyle": "none"}
            marker = "D" if row["part"] == "whole" else "o"
            axes.errorbar([value], [at], xerr=ends, marker=marker, **look)
            ticks[at] = PARTS[row["part"]]
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=8)
    for place in heads:
        axes.get_yticklabels()[place].set_fontweight("bold")
        if place:
            axes.axhline(place - 0.5, color="#cccccc", linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(ticks) - 0.4, -0.6)
    axes.set_xlabel("percentage points of accuracy, with the 95 % interval over speakers")
    axes.grid(axis="x")
    return figure


def _name(row: pd.Series) -> str:
    """A system as the head of its lines."""
    variant = "" if row["modality"] == "fusion" else f", {variant_words(row['variant'])}"
    return textwrap.fill(f"{row['title']}{variant}", 52)
