"""Divide recordings into folds whoever speaks in them."""

from mmer.recording_folds import DivisionJob, divide_and_write
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(DivisionJob, divide_and_write, __doc__)
