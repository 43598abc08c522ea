"""Checksums: nothing downloaded is opened before its bytes are known to be the right ones."""

from __future__ import annotations

from pathlib import Path

import pooch

from mmer.runtime.errors import UserError


def verify(path: Path, expected: str, size: int | None = None) -> None:
    """Compare a file with its published checksum and, where known, its size in bytes.

    A UserError if the file is missing or its size or checksum is another.

    ``expected`` is ``md5:<hex>`` or ``sha256:<hex>``; of a digest published in part, its first
    digits, at least eight.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing: download it again or name where it lies")
    actual_size = path.stat().st_size
    if size is not None and actual_size != size:
        raise UserError(
            f"{path} has {actual_size} bytes instead of {size}, so it is truncated or another "
            "file: delete it and run again"
        )
    algorithm, _, digest = expected.partition(":")
    assert len(digest) >= 8, "too few digits to tell files apart"
    actual = pooch.file_hash(str(path), alg=algorithm)
    if not actual.lower().startswith(digest.lower()):
        raise UserError(
            f"{path} has the {algorithm} {actual} instead of {digest}, so its bytes are not the "
            "published ones: delete it and run again"
        )
