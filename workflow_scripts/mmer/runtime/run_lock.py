"""One run at a time in a folder: a lock that ends with the process that holds it.

The workflow engine's own lock is a file that stays after a kill and must be removed by hand.  The
kernel's lock on an open file goes with its process, however that ends, so nothing has to be mended
and a second run beside a living one is still refused.  (filelock's own lock cannot be shared by
readers, and the one that can says nothing of its holder.)
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from mmer.runtime.errors import UserError

log = logging.getLogger(__name__)

NAME = ".lock"
"""Of the file in a folder that is locked; it stays there, empty of meaning without its holder."""

UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems answer that know no locks."""


def hold_folders(written: Iterable[Path], read: Iterable[Path] = ()) -> list[TextIO]:
    """Lock folders until the files given back are closed or this process ends: keep them.

    This process alone may use those ``written``; those ``read`` others may read too.

    A UserError if another process holds one of the folders, or one cannot be written.
    """
    alone = [_hold(folder, fcntl.LOCK_EX) for folder in written]
    # What this process may not write it can still read: a folder that somebody else filled.
    readable = [folder for folder in read if os.access(folder, os.W_OK)]
    return alone + [_hold(folder, fcntl.LOCK_SH) for folder in readable]


def _hold(folder: Path, kind: int) -> TextIO:
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}): make room, mend its permissions or "
            "name another folder in the configuration"
        ) from error
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "a process that did not say its name"
        file.close()
        raise UserError(
            f"{folder} is in use by another run ({holder}): wait until it has ended, or stop it; "
            "nothing was changed"
        ) from error
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        log.warning("%s: no locks on this file system, so start one run at a time", folder)
    file.truncate(0)
    file.write(f"process {os.getpid()} on {platform.node()}\n")
    file.flush()
    return file
