"""Write the tables of results as HTML, CSV, Markdown and LaTeX."""

from mmer.report.tables import TablesJob, write_tables
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(TablesJob, write_tables, __doc__)
