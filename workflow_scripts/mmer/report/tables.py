"""All tables of the results, as the task has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from mmer.evaluation.settings import PaperRow
from mmer.report.architectures_table import architectures_table
from mmer.report.evaluation_folder import (
    DIFFERENCE_COLUMNS,
    GROUP_COLUMNS,
    SIGNIFICANCE_COLUMNS,
    TRACE_COLUMNS,
    read_summary,
    read_table,
)
from mmer.report.formats import markdown_text, write_table, write_text
from mmer.report.fusion_table import fusion_table
from mmer.report.job import ReportJob
from mmer.report.paper_numbers import paper_numbers
from mmer.report.result_tables import (
    group_table,
    modality_table,
    significance_table,
    summary_table,
    terminal_table,
    terminal_tests_table,
)
from mmer.report.table import Table
from mmer.report.trace_tables import no_tests_table, trace_terminal_table, traces_table
from mmer.report.verdicts import verdicts_table
from mmer.tasks import Task


class TablesJob(ReportJob):
    """What the tables are made of.

    Attributes
    ----------
    task
        What the systems say of an item.
    evaluation
        The folder of the evaluation's tables.
    modalities
        Each gets a table of its systems.
    references
        Systems that are no recognisers.
    grids
        The grid of each pairing.
    architectures
        The table of architectures of each system that chooses one.
    paper, paper_rows
        The paper's folder, None where there is none, and where in it the systems stand.
    tables
        The folder to write to.
    """

    task: Task
    evaluation: Path
    modalities: tuple[str, ...]
    references: tuple[str, ...] = ()
    grids: dict[str, Path] = Field(default_factory=dict)
    architectures: dict[str, Path] = Field(default_factory=dict)
    paper: Path | None = None
    paper_rows: dict[str, PaperRow] = Field(default_factory=dict)
    tables: Path


def write_tables(job: TablesJob) -> None:
    """Read the evaluation and write every table, and what the workflow prints at its end."""
    tables, printed = _OF_TASK[job.task.kind](job)
    for name, table in tables.items():
        write_table(job.tables, name, table)
    # What is printed must fit a terminal, so it is another table than the page's.
    write_text(job.tables / "summary.md", "\n".join(markdown_text(table) for table in printed))


def _of_classes(job: TablesJob) -> tuple[dict[str, Table], list[Table]]:
    summary, label, paper = read_summary(job.evaluation, job.references), job.label, job.paper
    tests = read_table(job.evaluation / "significance.csv", SIGNIFICANCE_COLUMNS)
    groups = read_table(job.evaluation / "groups.csv", GROUP_COLUMNS)
    numbers = [] if paper is None else paper_numbers(paper)
    found = {name: modality_table(summary, name, label, paper) for name in job.modalities}
    found["summary"] = summary_table(summary, label, paper)
    found["significance"] = significance_table(tests, summary, label, paper)
    found["groups"] = group_table(groups, summary, label)
    if job.grids:
        place = next((number.place for number in numbers if number.kind == "grid"), "")
        found["fusion"] = fusion_table(job.grids, numbers, label, place)
    if job.architectures:
        titles = dict(zip(summary.table["system"], summary.table["title"], strict=True))
        rows = (job.architectures, titles, job.paper_rows)
        found["architectures"] = architectures_table(*rows, paper, label)
    if paper is not None:
        found["verdicts"] = verdicts_table(numbers, summary, job.paper_rows, job.grids, label)
    return found, [terminal_table(summary, label, paper), terminal_tests_table(tests, label)]


def _of_traces(job: TablesJob) -> tuple[dict[str, Table], list[Table]]:
    summary, label = read_summary(job.evaluation, job.references, TRACE_COLUMNS), job.label
    differences = read_table(job.evaluation / "differences.csv", DIFFERENCE_COLUMNS)
    found = {name: traces_table(summary, label, name) for name in job.modalities}
    found["summary"] = traces_table(summary, label)
    found["significance"] = no_tests_table(differences, summary, label)
    return found, [trace_terminal_table(summary, label)]


_OF_TASK: dict[str, Callable[[TablesJob], tuple[dict[str, Table], list[Table]]]] = {
    "classes": _of_classes,
    "traces": _of_traces,
}
