"""What a fusion is told, and the job itself."""

from __future__ import annotations

from pathlib import Path

from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings
from mmer.fusion.tables import grid_of, write_table
from mmer.items import read_items
from mmer.predictions import read_predictions
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.tasks import Classes, Task


class FusionJob(Job):
    """What a fusion is told.

    Attributes
    ----------
    task
        Of the systems; classifiers can only fuse classes.
    items
        The item table.
    systems
        Tables of predictions by name of the system and then of the split.
    settings
        How they are fused.
    predictions, grid
        Where the two tables of :mod:`mmer.fusion.tables` go.
    """

    task: Task
    items: Path
    systems: dict[str, dict[str, Path]]
    settings: FusionSettings
    predictions: Path
    grid: Path


def fuse_and_write(job: FusionJob) -> None:
    """Read the predictions, fuse them, write the fused ones and the grid of accuracies.

    Raises
    ------
    UserError
        If the task has no classes, a table is none, or the systems do not fit together.
    """
    task = job.task
    if not isinstance(task, Classes):
        raise UserError(
            f"fusion trains classifiers, but {', '.join(task.names)} are traces: remove the "
            "pairings of fusion from the configuration"
        )
    items = read_items(job.items)
    systems = {
        name: {split: read_predictions(path, task, items) for split, path in paths.items()}
        for name, paths in job.systems.items()
    }
    fused = fuse(systems, task, job.settings)
    write_table(job.predictions, fused)
    write_table(job.grid, grid_of(fused, task, items))
