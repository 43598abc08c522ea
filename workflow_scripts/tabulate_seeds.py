"""Write the table of several seeds for readers."""

from mmer.report.seeds_table import TabulateSeedsJob, tabulate_seeds
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(TabulateSeedsJob, tabulate_seeds, __doc__)
