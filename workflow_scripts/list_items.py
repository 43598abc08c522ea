"""Write the item table of a corpus."""

from mmer.media.recordings import ItemsJob, list_items
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ItemsJob, list_items, __doc__)
