"""What a fusion is told, and the job itself."""

from __future__ import annotations

from pathlib import Path

from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import grid_of, write_table
from mmer.items import read_items
from mmer.predictions import read_predictions
from mmer.runtime.job import Job
from mmer.tasks import Classes


class FusionJob(Job):
    """What a fusion is told; ``predictions`` and ``grid`` are the two tables that it writes.

    ``systems`` are tables of predictions by name of the system and then of the split, ``inputs``
    what of them goes in.
    """

    task: Classes
    items: Path
    systems: dict[str, dict[str, Path]]
    inputs: InputsSettings
    settings: FusionSettings
    predictions: Path
    grid: Path


def fuse_and_write(job: FusionJob) -> None:
    """Read the predictions, fuse them, write the fused ones and the grid of accuracies.

    Raises
    ------
    UserError
        If a table is none, or the systems do not fit together.
    """
    items = read_items(job.items)
    systems = {
        name: {split: read_predictions(path, job.task, items) for split, path in paths.items()}
        for name, paths in job.systems.items()
    }
    fused = fuse(systems, job.task, job.inputs, job.settings)
    write_table(job.predictions, fused)
    write_table(job.grid, grid_of(fused, job.task, items))
