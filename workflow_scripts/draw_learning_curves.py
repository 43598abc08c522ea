"""Draw the learning curves of every trained model, as SVG and PNG."""

from mmer.report.learning_curves import CurvesJob, draw_learning_curves
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(CurvesJob, draw_learning_curves, __doc__)
