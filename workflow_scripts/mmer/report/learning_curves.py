"""Learning curves of a trained model: loss and held-out scores of every split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmer.report.evaluation_folder import read_table
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.kept_epochs import kept_epochs_table
from mmer.report.style import house_style, new_figure, no_data_figure, save_figure, series_style
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
