"""Weigh what each choice of a protocol is worth, system by system."""

from mmer.evaluation.choices_job import ChoicesJob, weigh_choices
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ChoicesJob, weigh_choices, __doc__)
