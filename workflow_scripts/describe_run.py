"""Describe a run: where its numbers come from, and the report's first page."""

from mmer.report.run_pages import RunJob, describe_run
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(RunJob, describe_run, __doc__)
