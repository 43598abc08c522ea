"""The two pages about the whole run: its provenance, and the report's first page."""

from __future__ import annotations

import json
from pathlib import Path

from mmer.protocol import Split
from mmer.report.evaluation_folder import TRACE_COLUMNS, read_summary, read_table
from mmer.report.formats import write_text
from mmer.report.job import ReportJob
from mmer.report.landing import Page, confusion_pages, landing
from mmer.report.paper_description import PROJECT, read_paper
from mmer.report.paper_numbers import top_results
from mmer.report.provenance import Weights, describe, provenance_page
from mmer.report.result_tables import headline_table
from mmer.report.trace_tables import trace_terminal_table
from mmer.runtime.errors import UserError
from mmer.tasks import Task, Traces


class RunJob(ReportJob):
    """What is said of a run.

    Attributes
    ----------
    task
        What the systems say of an item.
    configuration
        The resolved configuration, as it lies beside the results.
    evaluation
        The folder of the evaluation's tables.
    verdicts
        The table of verdicts as CSV; None where there is no paper.
    references
        Systems that are no recognisers.
    splits
        All of them, by name.
    weights
        What every network started from.
    pages
        What the first page links to, besides confusion matrices.
    figures
        The folder of the figures, as the workflow names it.
    paper
        The paper's folder; None where there is none.
    page, data, landing
        The files to write: provenance as a page and as JSON, and the first page.
    """

    task: Task
    configuration: Path
    evaluation: Path
    verdicts: Path | None = None
    references: tuple[str, ...] = ()
    splits: dict[str, Split]
    weights: tuple[Weights, ...] = ()
    pages: tuple[Page, ...]
    figures: str
    paper: Path | None = None
    page: Path
    data: Path
    landing: Path


def describe_run(job: RunJob) -> None:
    """Gather everything and write the pages.

    Raises
    ------
    UserError
        If the configuration cannot be read.
    """
    try:
        configuration = json.loads(job.configuration.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{job.configuration} cannot be read as the resolved configuration ({error}): give the "
            "JSON file that lies beside the results"
        ) from error
    described = describe(configuration, job.label, job.splits, job.weights, PROJECT)
    write_text(job.page, provenance_page(described))
    write_text(job.data, json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    write_text(job.landing, _first_page(job, configuration["seed"]))


def _first_page(job: RunJob, seed: int) -> str:
    pages = list(job.pages)
    verdicts = None if job.verdicts is None else read_table(job.verdicts, ("place", "verdict"))
    if isinstance(job.task, Traces):
        summary = read_summary(job.evaluation, job.references, TRACE_COLUMNS)
        headline = trace_terminal_table(summary, job.label)
    else:
        summary = read_summary(job.evaluation, job.references)
        headline = headline_table(summary, top_results(job.paper), job.label)
        confusions = {} if job.paper is None else read_paper(job.paper).confusions
        pages = [*confusion_pages(summary, confusions, job.figures), *pages]
    return landing(summary, headline, verdicts, job.splits, seed, pages)
