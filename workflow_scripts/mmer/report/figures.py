"""All figures of the results, as the task has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from mmer.evaluation.paper_description import read_paper
from mmer.items import SPEAKER
from mmer.report.accuracy_figure import all_systems_figure, majority_accuracy, top_accuracies_figure
from mmer.report.confusion_figure import confusion_figure, fold_confusions_figure
from mmer.report.evaluation_folder import read_summary, read_table
from mmer.report.group_figure import group_figure
from mmer.report.job import ResultsJob
from mmer.report.paper_numbers import top_results
from mmer.report.reliability_figure import reliability_figure
from mmer.report.style import house_style, save_figure
from mmer.report.trace_figures import concordance_figure, example_figure, scatter_figure
from mmer.report.words import file_stems
from mmer.tasks import Traces


class FiguresJob(ResultsJob):
    """``figures`` is the folder to write to."""

    figures: Path


def draw_figures(job: FiguresJob) -> None:
    """Read the evaluation and draw everything, as SVG and PNG."""
    of_task = _of_traces if isinstance(job.task, Traces) else _of_classes
    with house_style():
        for name, figure in of_task(job):
            save_figure(figure, job.figures / name)


def _of_classes(job: FiguresJob) -> Iterator[tuple[str, Figure]]:
    label = job.label
    summary = read_summary(job.evaluation, job.references)
    confusion = read_table(job.evaluation / "confusion.csv")
    groups = read_table(job.evaluation / "groups.csv")
    calibration = read_table(job.evaluation / "calibration.csv")
    majority, tops = majority_accuracy(confusion), top_results(job.paper)
    data = "" if job.paper is None else read_paper(job.paper).data
    yield "accuracies", top_accuracies_figure(summary, majority, tops, data, label)
    yield "systems", all_systems_figure(summary, majority, data, label)
    others = [name for name in dict.fromkeys(groups["group"]) if name != SPEAKER]
    yield "groups", group_figure(groups, summary, others, label)
    yield "speakers", group_figure(groups, summary, [SPEAKER], label)
    yield "reliability", reliability_figure(calibration, summary, label)
    predictions = read_table(job.evaluation / "predictions.csv")
    accuracy = summary.table.set_index("system")["mean_accuracy"]
    for system, stem in file_stems(confusion["system"].unique()).items():
        rows = confusion[confusion["system"] == system]
        title = f"{summary.name(system)}: {accuracy[system]:.2f}\N{NO-BREAK SPACE}%"
        yield f"confusion_{stem}", confusion_figure(rows, job.task.names, title, label)
        rows = predictions[predictions["system"] == system]
        figure = fold_confusions_figure(rows, job.task.names, summary.name(system), label)
        yield f"confusion_folds_{stem}", figure


def _of_traces(job: FiguresJob) -> Iterator[tuple[str, Figure]]:
    assert isinstance(job.task, Traces)
    summary = read_summary(job.evaluation, job.references)
    yield "systems", concordance_figure(summary, job.task, job.label)
    predictions = read_table(job.evaluation / "predictions.csv")
    items = read_table(job.evaluation / "items.csv")
    for system, stem in file_stems(predictions["system"].unique()).items():
        rows, title = predictions[predictions["system"] == system], summary.name(system)
        of_system = items[items["system"] == system]
        yield f"traces_{stem}", example_figure(rows, of_system, job.task, title, job.label)
        yield f"scatter_{stem}", scatter_figure(rows, job.task, title, job.label)
