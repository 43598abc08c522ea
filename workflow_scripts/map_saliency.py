"""Make the 48×48 saliency maps of one speaker's frames."""

from mmer.media.saliency import SaliencyJob, map_saliency
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(SaliencyJob, map_saliency, __doc__)
