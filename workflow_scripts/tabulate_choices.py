"""Write what the choices are worth as a table and a figure."""

from mmer.report.choices import TabulateChoicesJob, tabulate_choices
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(TabulateChoicesJob, tabulate_choices, __doc__)
