"""Draw the figures of results, as SVG and PNG."""

from mmer.report.figures import FiguresJob, draw_figures
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(FiguresJob, draw_figures, __doc__)
