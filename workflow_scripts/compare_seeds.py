"""Compare what the trainings with several seeds are worth."""

from mmer.evaluation.seeds import SeedsJob, compare_seeds
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(SeedsJob, compare_seeds, __doc__)
