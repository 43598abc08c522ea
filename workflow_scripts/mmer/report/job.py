"""What every step of the report is told."""

from __future__ import annotations

from pathlib import Path

from mmer.runtime.job import Job
from mmer.tasks import Task


class ReportJob(Job):
    """``label`` says what the numbers were measured on."""

    label: str


class ResultsJob(ReportJob):
    """A step that shows what was measured.

    ``evaluation`` is the folder of the evaluation's tables, ``paper`` that of the paper's numbers,
    None where there is none; ``references`` are the systems that are no recognisers.
    """

    task: Task
    evaluation: Path
    references: tuple[str, ...] = ()
    paper: Path | None = None
