"""Find recordings that a corpus holds more than once."""

from mmer.media.same_recordings import ComparisonJob, compare_recordings
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ComparisonJob, compare_recordings, __doc__)
