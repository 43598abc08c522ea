"""Download one registered file and verify it."""

from mmer.media.download import DownloadJob, download_file
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(DownloadJob, download_file, __doc__)
