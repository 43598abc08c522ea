"""The metadata of a Zenodo record: which files it holds, how large, with which checksum.

RAVDESS is record 1188976.  Zenodo renamed fields over the years (``filename`` to ``key``,
``filesize`` to ``size``); both forms are read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmer.errors import UserError

_CHECKSUM = re.compile(r"md5:[0-9a-fA-F]{32}|sha256:[0-9a-fA-F]{64}")


def record_address(record: int) -> str:
    """Where Zenodo serves a record's metadata as JSON."""
    return f"https://zenodo.org/api/records/{record}"


def file_address(record: int, name: str) -> str:
    """Where Zenodo serves a file of a record."""
    return f"https://zenodo.org/records/{record}/files/{name}?download=1"


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
        """The file of that name.

        Raises
        ------
        UserError
            If the record does not list it.
        """
        if name not in self.files:
            raise UserError(
                f"the record {self.title!r} does not list {name}: look at corpus.record and "
                "corpus.actors in the configuration"
            )
        return self.files[name]


def read_record(path: Path) -> Record:
    """Read a record's metadata.

    Raises
    ------
    UserError
        If the file is not such metadata.
    """
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
