"""Places on GPUs, given out among processes by locked files.

A GPU has a number of places; a job that wants it for itself takes all of them, a small one takes a
single one.  A place is a file under a folder of the machine, and it is held by a lock on that file,
so that the system frees it when the process ends, however it ends.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, lock_descriptor

log = logging.getLogger(__name__)


def wait_for_gpu(
    gpus: Sequence[str], places_per_gpu: int, places: int, folder: Path, pause: float = 1.0
) -> str:
    """Take places on one GPU, as soon as it has them, until this process ends.

    A program that this process becomes by ``exec`` keeps them.

    Parameters
    ----------
    places
        How many of them are wanted, all on one GPU.
    folder
        Where the locked files lie, the same for all who share these GPUs.
    """
    assert 1 <= places <= places_per_gpu, f"{places} of {places_per_gpu} places"
    folder.mkdir(parents=True, exist_ok=True)
    waited = False
    while (gpu := take_gpu(gpus, places_per_gpu, places, folder)) is None:
        if not waited:
            log.info("every GPU (%s) is taken: waiting for one", ", ".join(gpus))
            waited = True
        time.sleep(pause)
    return gpu


def take_gpu(gpus: Sequence[str], places_per_gpu: int, places: int, folder: Path) -> str | None:
    """Take places on the GPU that has the fewest free ones, but enough; None where none has.

    Filling one GPU before the next leaves whole ones to jobs that want one.
    """
    with FileLock(folder / "choosing"):
        free = {gpu: _lock_free_places(folder, gpu, places_per_gpu) for gpu in gpus}
        fitting = [gpu for gpu in gpus if len(free[gpu]) >= places]
        chosen = min(fitting, key=lambda gpu: len(free[gpu]), default=None)
        for gpu, files in free.items():
            for file in files[places if gpu == chosen else 0 :]:
                os.close(file)
        for file in free[chosen][:places] if chosen is not None else []:
            os.set_inheritable(file, True)
    return chosen


def _lock_free_places(folder: Path, gpu: str, places: int) -> list[int]:
    """Open and locked files, one for each place of a GPU that nobody holds."""
    locked = []
    for place in range(places):
        file = os.open(folder / f"gpu_{gpu}_{place}", os.O_RDWR | os.O_CREAT, 0o600)
        if lock_descriptor(file, blocking=False):
            locked.append(file)
        else:
            os.close(file)
    return locked
