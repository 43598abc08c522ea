"""Show what the corpus holds and what preparation made of it."""

from mmer.report.preparation import PreparationJob, describe_preparation
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(PreparationJob, describe_preparation, __doc__)
