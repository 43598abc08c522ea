"""The metadata of a Zenodo record: which files it holds, how large, with which checksum.

Zenodo renamed fields over the years (``filename`` to ``key``, ``filesize`` to ``size``); both forms
are read.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmer.corpora.base import Archive
from mmer.media.checksums import verify
from mmer.media.download import download
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job

log = logging.getLogger(__name__)

_CHECKSUM = re.compile(r"md5:[0-9a-fA-F]{32}|sha256:[0-9a-fA-F]{64}")


class RecordJob(Job):
    """What the download of a record's metadata is told; ``label`` is what results call it."""

    record: int
    label: str
    out: Path


class ArchiveJob(Job):
    """What the download of a record's file is told: the one of the name of ``out``."""

    record: int
    metadata: Path
    out: Path


def metadata_place(record: int | str) -> str:
    """Where the metadata lie, below the folder of downloads."""
    return f"zenodo.org/api/records/{record}.json"


@dataclass(frozen=True)
class RecordFile:
    """One file of a record."""

    name: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Record:
    """A record's title and files by name."""

    title: str
    files: dict[str, RecordFile]

    def file(self, name: str) -> RecordFile:
        """The file of that name; a UserError if the record does not list it."""
        if name not in self.files:
            raise UserError(
                f"the record {self.title!r} does not list {name}: look at the corpus's "
                "record and speakers in the configuration"
            )
        return self.files[name]


def read_record(path: Path) -> Record:
    """Read a record's metadata; a UserError if the file is no such metadata."""
    try:
        content = json.loads(path.read_text("utf-8"))
        files = [_read_file(entry) for entry in content["files"]]
        title = str(content.get("metadata", {}).get("title") or content.get("title") or "untitled")
    except Exception as error:  # what a server sends can be wrong in any way
        raise UserError(
            f"{path} is not the metadata of a Zenodo record ({error!r}): delete it and run again"
        ) from error
    return Record(title, {file.name: file for file in files})


def _read_file(entry: dict[str, Any]) -> RecordFile:
    """One entry of ``files`` in the newer or the older form."""
    name = entry.get("key") or entry["filename"]
    size = int(entry["size"] if "size" in entry else entry["filesize"])
    checksum = str(entry["checksum"])
    if ":" not in checksum:
        checksum = f"md5:{checksum}"
    if not _CHECKSUM.fullmatch(checksum) or size < 0:
        raise ValueError(f"{name!r} has the checksum {checksum!r} and {size} bytes")
    return RecordFile(str(name), size, checksum)


def download_record(job: RecordJob) -> None:
    """Bring the metadata; refuse to let a synthetic corpus pass as a real one.

    Archives that lie there, perhaps of another mirror, must be those of the record.
    """
    download(f"https://zenodo.org/api/records/{job.record}", job.out, None)
    record = read_record(job.out)
    log.info("record %d: %s", job.record, record.title)
    try:
        if "synthetic" in record.title.lower() and "synthetic" not in job.label.lower():
            raise UserError(
                f"the record is titled {record.title!r}, but the corpus's label is {job.label!r}: "
                "results on synthetic data must carry that word, so put it into the label"
            )
        downloads = job.out.parents[metadata_place(job.record).count("/")]
        for archive in (downloads / Archive(job.record, "").place).glob("[!.]*"):
            if published := record.files.get(archive.name):
                verify(archive, published.checksum, published.size)
    except UserError:
        job.out.unlink()
        raise


def download_archive(job: ArchiveJob) -> None:
    """Bring a file of a record, with the size and checksum of the record's own metadata."""
    published = read_record(job.metadata).file(job.out.name)
    place = Archive(job.record, published.name).place
    download(f"https://{place}?download=1", job.out, published.checksum, published.size)
