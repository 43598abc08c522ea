"""Extract the recordings of one speaker that the workflow uses from an archive."""

from mmer.media.recordings import ExtractionJob, extract_speaker
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ExtractionJob, extract_speaker, __doc__)
