"""Recordings divided into folds whoever speaks in them; :mod:`mmer.by_recording` says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from mmer.by_recording import FOLD
from mmer.items import ITEM, Items, read_items, write_items
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.tasks import Classes


class DivisionJob(Job):
    """What the division is told; ``out`` is the item table with one more column."""

    items: Path
    task: Classes
    folds: int
    seed: int
    out: Path


def divide_and_write(job: DivisionJob) -> None:
    """Write the item table with the fold of each recording."""
    write_items(job.out, divided(read_items(job.items), job.task, job.folds, job.seed))


def divided(items: Items, task: Classes, folds: int, seed: int) -> Items:
    """The same items with the fold of each: stratified by class, shuffled, speakers ignored.

    Items without a class are in no fold.

    A UserError if a class has fewer items than there are folds.
    """
    table = items.table.sort_values(ITEM, ignore_index=True)
    labelled = np.flatnonzero(task.labelled(Items(table)))
    labels = task.labels(Items(table.iloc[labelled]))
    rarest, count = min(enumerate(np.bincount(labels, minlength=task.outputs)), key=lambda e: e[1])
    if count < folds:
        raise UserError(
            f"{task.names[rarest]} has {count} recordings, too few for {folds} folds: set "
            "protocol.recording_folds lower"
        )
    fold = np.full(len(table), "", dtype=object)
    dividing = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, tested) in enumerate(dividing.split(labels, labels)):
        fold[labelled[tested]] = str(number)
    return Items(table.assign(**{FOLD: fold}))
