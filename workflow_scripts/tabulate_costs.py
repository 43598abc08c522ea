"""Write time and memory of every step as a table and a figure."""

from mmer.report.step_costs import CostsJob, tabulate_costs
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(CostsJob, tabulate_costs, __doc__)
