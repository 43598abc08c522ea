"""Confusion matrices as in the paper's figures 5, 6 and 8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmer.report.style import new_figure
from mmer.report.words import split_words

_DARK = 0.55
"""Share of a row from which the colour is too dark for black digits."""


def confusion_figure(rows: pd.DataFrame, names: Sequence[str], title: str, label: str) -> Figure:
    """Draw one system's rows of the evaluation's confusion table, averaged over folds and rounded.

    The digits are items of an average fold.  The colour is the share of the true class over all
    folds, so that a class of fewer items compares with the others.
    """
    tables = rows.pivot(index="true", columns="predicted", values=["mean", "pooled"])
    counts, pooled = (
        np.rint(tables[column].reindex(index=names, columns=names).fillna(0).to_numpy(np.float64))
        for column in ("mean", "pooled")
    )
    shares = _shares(pooled)
    size = 0.5 * len(names)
    figure, plot = new_figure(max(2.2 + size, 4.2), 1.0 + size, title, label)
    axes = plot.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _write_digits(axes, counts, shares, np.ones_like(counts, bool))
    _name_classes(axes, names)
    bar = plot.colorbar(image, ax=axes, shrink=0.85, format=lambda share, _: f"{100 * share:.0f}")
    bar.set_label("share of the true class, % (all folds)")
    bar.outline.set_visible(False)
    return figure


def fold_confusions_figure(
    predictions: pd.DataFrame, names: Sequence[str], title: str, label: str
) -> Figure:
    """Draw one system's confusion of every fold, side by side; cells without items stay empty."""
    folds = dict(list(predictions.groupby("split", sort=True)))
    figure, plot = new_figure(2.7 * len(folds) + 1.0, 3.3, title, label)
    panels = plot.subplots(1, len(folds), sharey=True, squeeze=False)[0]
    for axes, (split, rows) in zip(panels, folds.items(), strict=True):
        table = pd.crosstab(rows["true"], rows["predicted"])
        counts = table.reindex(index=names, columns=names, fill_value=0).to_numpy()
        shares = _shares(counts)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        _write_digits(axes, counts, shares, counts > 0, fontsize=7)
        _name_classes(axes, names)
        right = 100 * counts.trace() / counts.sum()
        axes.set_title(f"{split_words(split)}: {right:.2f} %", fontsize=9)
    for axes in panels[1:]:
        axes.set_ylabel("")
    return figure


def _write_digits(
    axes: Axes, counts: np.ndarray, shares: np.ndarray, shown: np.ndarray, fontsize: float = 9
) -> None:
    """Write the counts of the cells to be shown, ``(classes, classes)`` bool."""
    for true, predicted in np.argwhere(shown):
        value = counts[true, predicted]
        dark = shares[true, predicted] > _DARK
        grey = "#8a8a8a" if value == 0 else "black"
        digits = axes.text(
            predicted,
            true,
            f"{value:.0f}",
            ha="center",
            va="center",
            color="white" if dark else grey,
            fontsize=fontsize,
            fontweight="bold" if true == predicted else "normal",
        )
        # They lie within the matrix; measuring each would take a third of the time.
        digits.set_in_layout(False)


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    edges = np.arange(len(names) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)


def _shares(counts: np.ndarray) -> np.ndarray:
    """Each row divided by its sum; rows without items stay zero."""
    sums = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
