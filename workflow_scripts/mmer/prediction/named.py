"""Which recordings are meant by files and folders, and what their results are called."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from mmer.media.recordings import files_in


def recordings_in(paths: Iterable[Path]) -> list[Path]:
    """Files as they are given, missing ones too, and those in folders; each once."""
    paths = list(paths)
    found = [file for file in files_in(paths) if file in paths or file.is_file()]
    return list(dict.fromkeys(found))


def named(recordings: Iterable[Path]) -> dict[str, Path]:
    """Recordings by the folder of their results, a plain name made of the file's.

    Files of one name in several folders are told apart by a digest of their paths.
    """
    recordings = list(recordings)
    plain = [re.sub(r"[^A-Za-z0-9]+", "_", path.name)[:80].strip("_") for path in recordings]
    plain = [name or "recording" for name in plain]
    often = Counter(name.lower() for name in plain)  # some file systems know no capitals
    found = {}
    for path, name in zip(recordings, plain, strict=True):
        digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        found[f"{name}_{digest}" if often[name.lower()] > 1 else name] = path
    return found
