"""Prepare the recordings of one speaker: audio, 48×48 grey frames, traces."""

from mmer.media.preparation import PreparationJob, prepare_media
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(PreparationJob, prepare_media, __doc__)
