"""Learning curves of trained models, and what the choice of the kept weights is worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmer.report.evaluation_folder import read_table
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.style import house_style, new_figure, no_data_figure, save_figure, series_style
from mmer.report.table import Column, Table
from mmer.report.words import file_stems, split_words

_RING = {"markersize": 6, "markerfacecolor": "white", "markeredgewidth": 1.5, "linestyle": "none"}
_NO_CURVE = ("step", "epoch", "kept")


class CurvesJob(ReportJob):
    """Histories by model (and variant) and split, what the models are called, where to write."""

    histories: dict[str, dict[str, Path]]
    titles: dict[str, str]
    tables: Path
    figures: Path


def draw_learning_curves(job: CurvesJob) -> None:
    """Read the histories, draw a figure per model, and write what the kept weights are worth."""
    table = kept_epochs_table(job.histories, job.titles, job.label)
    write_table(job.tables, "kept_epochs", table)
    with house_style():
        for model, stem in file_stems(job.histories).items():
            title = f"Training of {job.titles[model]}"
            figure = learning_curves_figure(job.histories[model], title, job.label)
            save_figure(figure, job.figures / f"learning_curves_{stem}")


def learning_curves_figure(histories: Mapping[str, Path], title: str, label: str) -> Figure:
    """Draw one model: a panel per curve, a line per split, the kept step ringed.

    Histories are as :func:`mmer.training.fit.fit` returns them: ``step``, ``epoch``,
    ``train_loss``, scores, ``kept``.
    """
    tables = {split: read_table(path) for split, path in histories.items()}
    if all(table.empty for table in tables.values()):
        return no_data_figure(title, "no evaluation was made while training", label)
    columns = dict.fromkeys(name for table in tables.values() for name in table)
    names = [name for name in columns if name not in _NO_CURVE]
    figure, plot = new_figure(3.3 * len(names) + 0.4, 3.2, title, label)
    panels = plot.subplots(1, len(names), squeeze=False)[0]
    for name, axes in zip(names, panels, strict=True):
        for position, (split, table) in enumerate(tables.items()):
            if name not in table:
                continue
            style = series_style(position)
            axes.plot(table["step"], table[name], linewidth=1.4, label=split_words(split), **style)
            kept = table[table["kept"] == 1]
            axes.plot(kept["step"], kept[name], color=style["color"], marker="o", **_RING)
        axes.set(xlabel="optimiser step", title=_words(name))
        axes.grid()
    lines, _ = panels[0].get_legend_handles_labels()
    lines.append(Line2D([], [], marker="o", color="#555555", label="weights kept", **_RING))
    plot.legend(handles=lines, loc="outside lower center", ncols=min(len(lines), 6), fontsize=8)
    return figure


def _words(name: str) -> str:
    part, _, rest = name.partition("_")
    words = f"training {rest}" if part == "train" else f"held-out {name}"
    return words.replace("_", " ").replace("f1", "F1")


SCORES = {"accuracy": ("accuracy, %", 100), "ccc": ("CCC", 1)}
"""Of a history, the first that it has: what it is called, and the factor to its unit."""


def kept_epochs_table(
    histories: Mapping[str, Mapping[str, Path]], titles: Mapping[str, str], label: str
) -> Table:
    """A row per trained model: means over splits at the kept evaluation and at the last one."""
    rows = [
        {"title": titles[model], **_kept_and_last([*splits.values()])}
        for model, splits in histories.items()
    ]
    columns = ["title", "score", "splits", "kept", "last", "difference"]
    return Table(
        title="Scores of the weights kept, and of the last ones",
        label=label,
        columns=(
            Column("Model", "title"),
            Column("Score", "score"),
            Column("Splits", "splits", digits=0),
            Column("Kept", "kept", digits=2),
            Column("Last", "last", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
        ),
        rows=pd.DataFrame(rows, columns=columns),
        notes=(
            "Means over the splits, on the items by which weights were chosen. The difference is "
            "what choosing gains over not choosing. Where those choose who are tested, as in the "
            "paper's protocol, it is at most what this flatters the result by, since a choice by "
            "others would gain too; a run with the nested protocol compares the two choices.",
        ),
    )


def _kept_and_last(histories: list[Path]) -> dict[str, object]:
    """Means over splits; nothing where no evaluation was made."""
    tables = [table for path in histories if not (table := read_table(path)).empty]
    name = next((n for n in SCORES if tables and all(n in table for table in tables)), None)
    if name is None:
        return {"score": "", "splits": len(tables)} | dict.fromkeys(
            ("kept", "last", "difference"), np.nan
        )
    words, factor = SCORES[name]
    kept = factor * float(
        np.mean([table.loc[table["kept"] == 1, name].iloc[-1] for table in tables])
    )
    last = factor * float(np.mean([table[name].iloc[-1] for table in tables]))
    found = {"kept": kept, "last": last, "difference": kept - last}
    return {"score": words, "splits": len(tables), **found}
