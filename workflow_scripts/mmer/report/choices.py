"""The table and the figure of what the choices are worth."""

from __future__ import annotations

from pathlib import Path

from mmer.report.choices_figure import choices_figure
from mmer.report.choices_table import choices_table
from mmer.report.evaluation_folder import read_table
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.style import house_style, save_figure


class TabulateChoicesJob(ReportJob):
    """The evaluation's table, and where table and figure go."""

    choices: Path
    tables: Path
    figures: Path


def tabulate_choices(job: TabulateChoicesJob) -> None:
    """Read the evaluation's table and write both."""
    choices = read_table(job.choices)
    write_table(job.tables, "choices", choices_table(choices, job.label))
    with house_style():
        save_figure(choices_figure(choices, job.label), job.figures / "choices")
