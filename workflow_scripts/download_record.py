"""Download the metadata of a Zenodo record and look whether the corpus is labelled rightly."""

from mmer.media.record import RecordJob, download_record
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(RecordJob, download_record, __doc__)
