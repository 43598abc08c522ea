"""Accuracies with their intervals: the best of each modality and condition, and all systems."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from mmer.evaluation.paper import PaperResult
from mmer.report.evaluation_folder import Summary
from mmer.report.style import (
    OTHER_COLOUR,
    OTHER_MARKER,
    VARIANT_COLOURS,
    VARIANT_MARKERS,
    new_figure,
    no_data_figure,
)
from mmer.report.words import variant_words

_ERROR_BAR = {"capsize": 3, "elinewidth": 1.2, "linestyle": "none", "markersize": 6}
_HOLLOW = {"color": "#555555", "markerfacecolor": "white"}
_NOT_RUN_COLOUR = "#5c2e00"
_OURS = ["title", "mean_accuracy", "ci95", "verdict"]
_BEST = ["modality", "variant", *_OURS, "paper_accuracy", "paper_ci95"]


def best_by_condition(
    summary: Summary, tops: Mapping[tuple[str, str], PaperResult]
) -> pd.DataFrame:
    """A row per modality and variant, fusion last: the highest accuracies, ours and the paper's.

    References, which are no recognisers, are left out.  Ours and the paper's may belong to
    different systems.  The paper's stands where any system of that modality and variant has one.
    """
    run = summary.recognisers
    rows = []
    for modality in sorted(run["modality"].unique(), key=lambda name: name == "fusion"):
        for variant in run["variant"].unique():
            group = run[(run["modality"] == modality) & (run["variant"] == variant)]
            if group.empty:
                continue
            ours = group.sort_values("mean_accuracy", ascending=False, kind="stable").iloc[0]
            stated = group["paper_accuracy"].notna().any()
            paper = tops.get((modality, variant)) if stated else None
            of_paper = paper or (math.nan, math.nan)
            rows.append((modality, variant, *ours[_OURS], *of_paper))
    return pd.DataFrame(rows, columns=_BEST)


def majority_accuracy(confusion: pd.DataFrame) -> float | None:
    """Accuracy, in percent, of always naming the most frequent class of the items evaluated.

    None where no system was run.
    """
    if confusion.empty:
        return None
    items = confusion.groupby(["system", "true"], sort=False)["pooled"].sum()
    first = items.xs(items.index[0][0])
    return 100 * float(first.max() / first.sum())


def top_accuracies_figure(
    summary: Summary,
    majority: float | None,
    tops: Mapping[tuple[str, str], PaperResult],
    data: str,
    label: str,
) -> Figure:
    """Bars by modality and condition, the paper's values as hollow marks beside ours.

    ``data`` is what the paper's numbers were measured on, ``label`` what ours were.
    """
    best = best_by_condition(summary, tops)
    if best.empty:
        return no_data_figure("Top accuracy", "no recogniser in this run", label)
    figure, plot = new_figure(7.0, 4.0, "Top accuracy by modality and condition", label)
    axes = plot.add_subplot()
    ticks, at = {}, 0.0
    for modality, group in best.groupby("modality", sort=False):
        start = at
        for _, row in group.iterrows():
            _bar(axes, at, row)
            at += 1.0
        ticks[(start + at - 1.0) / 2] = modality
        at += 0.6
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="x", length=0)
    # Room above 100 for the number over a high bar.
    axes.set(ylabel="accuracy, % (± 95 % interval)", ylim=(0, 108), yticks=range(0, 101, 20))
    axes.grid(axis="y")
    _majority_line(axes, majority, vertical=False)
    _legend(plot, best["variant"], data if best["paper_accuracy"].notna().any() else "")
    return figure


def all_systems_figure(summary: Summary, majority: float | None, data: str, label: str) -> Figure:
    """Every system of the run on a line of its own, the paper's value hollow beneath ours."""
    rows = summary.table.reset_index(drop=True)
    height = 1.2 + 0.46 * len(rows)
    figure, plot = new_figure(9.4, height, "Accuracy of every system", label)
    axes = plot.add_subplot()
    for position, row in rows.iterrows():
        _line(axes, position, row)
    names = [textwrap.fill(summary.name(system), 56) for system in rows["system"]]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="accuracy, % (± 95 % interval)", xlim=(0, 100))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x")
    modalities = rows["modality"].tolist()
    for position in range(1, len(modalities)):
        if modalities[position] != modalities[position - 1]:
            axes.axhline(position - 0.5, color="#999999", linewidth=0.8)
    _majority_line(axes, majority, vertical=True)
    variants = summary.recognisers["variant"]
    _legend(plot, variants, data if rows["paper_accuracy"].notna().any() else "")
    return figure


def _bar(axes: Axes, at: float, row: pd.Series) -> None:
    """One bar with its interval and number, the paper's hollow mark on its right."""
    if pd.notna(row["mean_accuracy"]):
        axes.bar(at - 0.12, row["mean_accuracy"], 0.5, color=_colour(row["variant"]))
        axes.errorbar(at - 0.12, row["mean_accuracy"], row["ci95"], color="black", **_ERROR_BAR)
        above = row["mean_accuracy"] + row["ci95"] + 1.5
        axes.text(at - 0.12, above, f"{row['mean_accuracy']:.1f}", ha="center", fontsize=8.5)
    else:
        look = {"ha": "center", "va": "bottom", "color": _NOT_RUN_COLOUR}
        axes.text(at - 0.12, 2, "not run", rotation=90, **look)
    if pd.notna(row["paper_accuracy"]):
        look = {"marker": _marker(row["variant"]), **_HOLLOW, **_ERROR_BAR}
        axes.errorbar(at + 0.3, row["paper_accuracy"], row["paper_ci95"], **look)


def _line(axes: Axes, at: int, row: pd.Series) -> None:
    """One system's mark with its interval, the paper's hollow mark beneath."""
    colour, marker = _colour(row["variant"]), _marker(row["variant"])
    if pd.notna(row["mean_accuracy"]):
        look = {"color": colour, "marker": marker, **_ERROR_BAR}
        axes.errorbar(row["mean_accuracy"], at - 0.12, xerr=row["ci95"], **look)
    else:
        reason = textwrap.shorten(row["verdict"], 80, placeholder=" …")
        look = {"va": "center", "fontsize": 7.5, "color": _NOT_RUN_COLOUR, "zorder": 4}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(1, at - 0.16, reason, bbox=box, **look)
    if pd.notna(row["paper_accuracy"]):
        look = {"marker": marker, **_HOLLOW, **_ERROR_BAR}
        axes.errorbar(row["paper_accuracy"], at + 0.2, xerr=row["paper_ci95"], **look)


def _majority_line(axes: Axes, accuracy: float | None, *, vertical: bool) -> None:
    if accuracy is not None:
        draw = axes.axvline if vertical else axes.axhline
        draw(accuracy, color="#555555", linestyle=":", linewidth=1.2, zorder=2.5)


def _legend(plot: SubFigure, variants: pd.Series, data: str) -> None:
    marks = []
    for variant in dict.fromkeys(variants):
        look = {"color": _colour(variant), "marker": _marker(variant), "linestyle": "none"}
        marks.append(Line2D([], [], label=variant_words(variant), **look))
    if data:
        look = {"marker": "o", "linestyle": "none", **_HOLLOW}
        marks.append(Line2D([], [], label=f"paper ({data})", **look))
    marks.append(Line2D([], [], color="#555555", linestyle=":", label="most frequent class"))
    plot.legend(handles=marks, loc="outside upper center", ncols=len(marks), fontsize=8.5)


def _colour(variant: str) -> str:
    return VARIANT_COLOURS.get(variant, OTHER_COLOUR)


def _marker(variant: str) -> str:
    return VARIANT_MARKERS.get(variant, OTHER_MARKER)
