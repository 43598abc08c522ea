"""Time and memory of every step, from the benchmarks that the workflow engine measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.style import COLOURS, house_style, new_figure, no_data_figure, save_figure
from mmer.report.table import Column, Table
from mmer.runtime.errors import UserError

_MEASURES = {"s": "seconds", "max_rss": "memory", "cpu_time": "cpu_seconds"}
"""Columns of a benchmark: wall clock time in seconds, the largest resident set in MB, CPU time."""


class CostsJob(ReportJob):
    """Where the measurements lie, and where table and figure go."""

    benchmarks: Path
    tables: Path
    figures: Path


def tabulate_costs(job: CostsJob) -> None:
    """Gather the benchmarks and write."""
    steps = costs_by_step(read_benchmarks(job.benchmarks))
    write_table(job.tables, "costs", cost_table(steps, job.label))
    with house_style():
        save_figure(cost_figure(steps, job.label), job.figures / "costs")


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """A row per job, of ``<step>.tsv``, or ``<step>/<job>.tsv`` where a step has several.

    ``step``, ``seconds``, ``memory`` in MB, ``cpu_seconds``; the last two are missing where a job
    was too short to be measured.
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        try:
            # A dash stands where nothing was measured.
            measured = pd.read_csv(path, sep="\t", na_values="-")[list(_MEASURES)].iloc[-1]
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise UserError(f"{path} cannot be read as a benchmark ({error}): delete it") from error
        step = path.relative_to(folder).with_suffix("").parts[0]
        rows.append((step, *measured.astype(float)))
    return pd.DataFrame(rows, columns=["step", *_MEASURES.values()])


def costs_by_step(jobs: pd.DataFrame) -> pd.DataFrame:
    """A row per step, the longest in total first."""
    steps = jobs.groupby("step", sort=True).agg(
        jobs=("seconds", "size"),
        total=("seconds", "sum"),
        median=("seconds", "median"),
        longest=("seconds", "max"),
        cpu=("cpu_seconds", "sum"),
        memory=("memory", "max"),
    )
    return steps.sort_values("total", ascending=False, kind="stable").reset_index()


def cost_table(steps: pd.DataFrame, label: str) -> Table:
    """What every step cost, all of them together in the last row."""
    together = {
        "step": "all steps",
        "jobs": steps["jobs"].sum(),
        "total": steps["total"].sum(),
        "longest": steps["longest"].max(),
        "cpu": steps["cpu"].sum(),
        "memory": steps["memory"].max(),
    }
    rows = pd.concat([steps, pd.DataFrame([together])], ignore_index=True)
    return Table(
        title="Time and memory of every step",
        label=label,
        columns=(
            Column("Step", "step"),
            Column("Jobs", "jobs", digits=0),
            Column("Time in all, s", "total", digits=1),
            Column("Median job, s", "median", digits=1),
            Column("Longest job, s", "longest", digits=1),
            Column("CPU time in all, s", "cpu", digits=1),
            Column("Most memory, MB", "memory", digits=0),
        ),
        rows=rows,
        notes=(
            "Wall clock time from start to end of each job, the start of Python included; jobs "
            "that ran at the same time each count in full. Memory is the largest resident set of "
            "one job. Steps that were finished in an earlier run keep the measurement of then.",
        ),
    )


def cost_figure(steps: pd.DataFrame, label: str) -> Figure:
    """A bar per step: time of all its jobs, and the memory of its largest job."""
    title = "Time and memory of every step"
    if steps.empty:
        return no_data_figure(title, "no step of this run was measured", label)
    figure, plot = new_figure(9.4, 0.7 + 0.28 * len(steps), title, label)
    time, memory = plot.subplots(1, 2, sharey=True)
    names = [
        f"{step.replace('_', ' ')} ({jobs} {'job' if jobs == 1 else 'jobs'})"
        for step, jobs in zip(steps["step"], steps["jobs"], strict=True)
    ]
    time.set_yticks(range(len(steps)), names)
    time.set_ylim(len(steps) - 0.4, -0.6)
    _bars(time, steps["total"], COLOURS[0], "seconds, all jobs together")
    _bars(memory, steps["memory"], COLOURS[1], "MB, largest job")
    return figure


def _bars(axes: Axes, values: pd.Series, colour: str, label: str) -> None:
    """Bars with their numbers; none where nothing was measured."""
    drawn = axes.barh(range(len(values)), values.fillna(0), 0.7, color=colour)
    numbers = ["not measured" if pd.isna(value) else f"{value:,.0f}" for value in values]
    axes.bar_label(drawn, numbers, padding=3, fontsize=8)
    axes.margins(x=0.14)
    axes.set_xlabel(label)
    axes.tick_params(axis="y", length=0)
