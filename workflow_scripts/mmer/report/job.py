"""What every step of the report is told."""

from __future__ import annotations

from mmer.runtime.job import Job


class ReportJob(Job):
    """Each step of the report adds its own.

    Attributes
    ----------
    label
        What the numbers were measured on.
    resources
        A digest of the templates and of the paper's tables, which no code names; a job does
        nothing with it.
    """

    label: str
    resources: str = ""
