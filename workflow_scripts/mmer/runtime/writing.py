"""Files and folders that are there whole or not at all, and a plain word where they cannot be."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmer.runtime.errors import UserError

REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS)
"""Why a file system does not take a file: full, over a quota or limit, forbidden, read-only."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there when the block ends without error.

    A reader therefore sees the whole file or none, whenever the writer is killed.  The same holds
    for a folder, where the block makes one.  Two writers never share a temporary path, and what a
    killed one left is removed by the next.

    A UserError if the file system does not take the file: full, read-only or forbidden.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}.unfinished"):
            _remove(leftover)
        yield unfinished
        if unfinished.is_dir():
            _remove(path)
        unfinished.replace(path)
    except Exception as error:
        if reason := _refusal(error, unfinished):
            raise UserError(
                f"{path} cannot be written ({reason}): make room or mend the permissions, then run "
                "the same command again"
            ) from error
        raise
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refusal(error: BaseException, unfinished: Path) -> str | None:
    """In the system's words, why a file was not taken; None where something else went wrong."""
    places = {str(place) for place in (unfinished, *unfinished.parents)}
    for number in REFUSALS:
        words = os.strerror(number)
        if isinstance(error, OSError) and error.errno == number:
            # A file inside an unfinished folder counts, one that was to be read does not; where
            # one is copied, the error names both.
            named = [str(f) for f in (error.filename, error.filename2) if f] or [str(unfinished)]
            counts = any(f in places or f.startswith(f"{unfinished}/") for f in named)
            return words if counts else None
        # Libraries that write by themselves (HDF5, safetensors) have errors of their own.
        if not isinstance(error, OSError) and words in str(error) and not error.__cause__:
            return words
    return _refusal(error.__cause__, unfinished) if error.__cause__ else None
