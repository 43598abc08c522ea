"""Draw items frame by frame: analogues of the paper's figures, and those asked for."""

from mmer.report.item_drawing import DrawnItemsJob, draw_items
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(DrawnItemsJob, draw_items, __doc__)
