"""Accuracies with their intervals: the best of each modality and condition, and all systems."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmer.report.evaluation_folder import EvaluationFolder, variant_words
from mmer.report.style import (
    OTHER_COLOUR,
    OTHER_MARKER,
    VARIANT_COLOURS,
    VARIANT_MARKERS,
    new_figure,
)

CHANCE = 100 * 192 / 1440
"""Accuracy, in percent, of always naming the most frequent emotion of RAVDESS (paper table 1)."""

_MODALITIES = ("speech", "face", "fusion")
_ERROR_BAR = {"capsize": 3, "elinewidth": 1.2, "linestyle": "none"}


def best_by_condition(summary: pd.DataFrame) -> pd.DataFrame:
    """A row per modality and variant: the highest accuracies, ours and the paper's.

    Ours and the paper's may belong to different systems.  Rows follow the order of modalities,
    then the order in which variants appear.

    Returns
    -------
    pandas.DataFrame
        ``modality``, ``variant``, ``title``, ``accuracy``, ``ci95``, ``paper_accuracy``,
        ``paper_ci95``; numbers are missing where there is none.
    """
    order = list(dict.fromkeys(summary["variant"]))
    rows = []
    for modality in _MODALITIES:
        for variant in order:
            group = summary[(summary["modality"] == modality) & (summary["variant"] == variant)]
            if group.empty:
                continue
            ours = _highest(group, "accuracy")
            paper = _highest(group, "paper_accuracy")
            rows.append(
                {
                    "modality": modality,
                    "variant": variant,
                    "title": ours["title"],
                    "accuracy": ours["accuracy"],
                    "ci95": ours["ci95"],
                    "paper_accuracy": paper["paper_accuracy"],
                    "paper_ci95": paper["paper_ci95"],
                }
            )
    return pd.DataFrame(rows)


def top_accuracies_figure(evaluation: EvaluationFolder, corpus_label: str) -> Figure:
    """The pattern of the paper's figure 7, the paper's values as hollow marks beside ours."""
    best = best_by_condition(evaluation.summary)
    figure = new_figure(7.0, 3.9, "Top accuracy by modality and condition", corpus_label)
    axes = figure.add_subplot()
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
    axes.set(ylabel="accuracy, % (± 95 % interval)", ylim=(0, 100))
    axes.grid(axis="y")
    _chance_line(axes, vertical=False)
    _legend(figure, best["variant"], best["paper_accuracy"].notna().any())
    return figure


def all_systems_figure(evaluation: EvaluationFolder, corpus_label: str) -> Figure:
    """Every system of the run on a line of its own, the paper's value hollow beneath ours."""
    summary = evaluation.summary.reset_index(drop=True)
    figure = new_figure(8.2, 0.8 + 0.42 * len(summary), "Accuracy of every system", corpus_label)
    axes = figure.add_subplot()
    for position, row in summary.iterrows():
        colour, marker = _colour(row["variant"]), _marker(row["variant"])
        if pd.notna(row["accuracy"]):
            axes.errorbar(
                row["accuracy"],
                position - 0.12,
                xerr=row["ci95"],
                color=colour,
                marker=marker,
                markersize=6,
                **_ERROR_BAR,
            )
        else:
            axes.text(1, position - 0.12, row["verdict"], va="center", fontsize=7.5, color="#5c2e00")
        if pd.notna(row["paper_accuracy"]):
            axes.errorbar(
                row["paper_accuracy"],
                position + 0.2,
                xerr=row["paper_ci95"],
                color="#555555",
                markerfacecolor="white",
                marker=marker,
                markersize=6,
                **_ERROR_BAR,
            )
    names = [evaluation.name(system) for system in summary["system"]]
    axes.set_yticks(range(len(summary)), names)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="accuracy, % (± 95 % interval)", xlim=(0, 100))
    axes.set_ylim(len(summary) - 0.4, -0.6)
    axes.grid(axis="x")
    modalities = summary["modality"].tolist()
    for position in range(1, len(modalities)):
        if modalities[position] != modalities[position - 1]:
            axes.axhline(position - 0.5, color="#999999", linewidth=0.8)
    _chance_line(axes, vertical=True)
    _legend(figure, summary["variant"], summary["paper_accuracy"].notna().any())
    return figure


def _bar(axes: Axes, at: float, row: pd.Series) -> None:
    """One bar with its interval and number, the paper's hollow mark on its right."""
    highest = 0.0
    if pd.notna(row["accuracy"]):
        axes.bar(at - 0.12, row["accuracy"], 0.5, color=_colour(row["variant"]))
        axes.errorbar(at - 0.12, row["accuracy"], row["ci95"], color="black", **_ERROR_BAR)
        highest = row["accuracy"] + row["ci95"]
        axes.text(at - 0.12, highest + 1.5, f"{row['accuracy']:.1f}", ha="center", fontsize=8.5)
    else:
        axes.text(at - 0.12, 2, "not run", rotation=90, ha="center", va="bottom", color="#5c2e00")
    if pd.notna(row["paper_accuracy"]):
        axes.errorbar(
            at + 0.3,
            row["paper_accuracy"],
            row["paper_ci95"],
            color="#555555",
            marker=_marker(row["variant"]),
            markerfacecolor="white",
            markersize=6,
            **_ERROR_BAR,
        )


def _chance_line(axes: Axes, *, vertical: bool) -> None:
    draw = axes.axvline if vertical else axes.axhline
    draw(CHANCE, color="#555555", linestyle=":", linewidth=1.2, zorder=1.5)


def _legend(figure: Figure, variants: pd.Series, with_paper: bool) -> None:
    marks = [
        Line2D([], [], color=_colour(v), marker=_marker(v), linestyle="none", label=variant_words(v))
        for v in dict.fromkeys(variants)
    ]
    if with_paper:
        hollow = {"color": "#555555", "markerfacecolor": "white", "linestyle": "none"}
        marks.append(Line2D([], [], marker="o", label="paper (RAVDESS)", **hollow))
    marks.append(Line2D([], [], color="#555555", linestyle=":", label="most frequent class"))
    figure.legend(handles=marks, loc="outside upper center", ncols=3, fontsize=8.5)


def _highest(group: pd.DataFrame, column: str) -> pd.Series:
    values = group[column]
    return group.iloc[0] if values.isna().all() else group.loc[values.idxmax()]


def _colour(variant: str) -> str:
    return VARIANT_COLOURS.get(variant, OTHER_COLOUR)


def _marker(variant: str) -> str:
    return VARIANT_MARKERS.get(variant, OTHER_MARKER)
