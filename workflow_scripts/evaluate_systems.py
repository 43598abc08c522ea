"""Evaluate systems on the items that they are tested on, beside the paper's numbers."""

from mmer.evaluation.evaluate import evaluate
from mmer.evaluation.job import EvaluationJob
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(EvaluationJob, evaluate, __doc__)
