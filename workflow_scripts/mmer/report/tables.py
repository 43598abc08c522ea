"""All tables of the results, as the task has them."""

from __future__ import annotations

from pathlib import Path

from mmer.evaluation.paper_description import read_paper
from mmer.evaluation.settings import PaperRow
from mmer.report.architectures_table import architectures_table
from mmer.report.evaluation_folder import read_summary, read_table
from mmer.report.formats import markdown_text, write_table, write_text
from mmer.report.fusion_table import fusion_table
from mmer.report.job import ResultsJob
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
from mmer.report.verdicts import Elsewhere, verdicts_table
from mmer.tasks import Traces


class TablesJob(ResultsJob):
    """Each modality gets a table of its systems; ``grids`` and ``architectures`` are files.

    The grid is that of each pairing, the architectures those of each system that chooses one;
    ``paper_rows`` say where in the paper the systems stand, and the models trained ``elsewhere``.
    """

    modalities: tuple[str, ...]
    grids: dict[str, Path] = {}
    architectures: dict[str, Path] = {}
    paper_rows: dict[str, PaperRow] = {}
    elsewhere: dict[str, Elsewhere] = {}
    tables: Path


def write_tables(job: TablesJob) -> None:
    """Read the evaluation and write every table, and what the workflow prints at its end."""
    of_task = _of_traces if isinstance(job.task, Traces) else _of_classes
    tables, printed = of_task(job)
    for name, table in tables.items():
        write_table(job.tables, name, table)
    # What is printed must fit a terminal, so it is another table than the page's.
    write_text(job.tables / "summary.md", "\n".join(markdown_text(table) for table in printed))


def _of_classes(job: TablesJob) -> tuple[dict[str, Table], list[Table]]:
    summary, label, paper = read_summary(job.evaluation, job.references), job.label, job.paper
    tests = read_table(job.evaluation / "significance.csv")
    groups = read_table(job.evaluation / "groups.csv")
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
        found["verdicts"] = verdicts_table(
            numbers,
            summary,
            job.paper_rows,
            job.grids,
            label,
            job.elsewhere,
            read_paper(paper).verdicts,
        )
    return found, [terminal_table(summary, label, paper), terminal_tests_table(tests, label)]


def _of_traces(job: TablesJob) -> tuple[dict[str, Table], list[Table]]:
    summary, label = read_summary(job.evaluation, job.references), job.label
    differences = read_table(job.evaluation / "differences.csv")
    found = {name: traces_table(summary, label, name) for name in job.modalities}
    found["summary"] = traces_table(summary, label)
    found["significance"] = no_tests_table(differences, summary, label)
    return found, [trace_terminal_table(summary, label)]
