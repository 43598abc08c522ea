"""Download an archive of a Zenodo record, with size and checksum from the record's own metadata."""

from mmer.media.record import ArchiveJob, download_archive
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ArchiveJob, download_archive, __doc__)
