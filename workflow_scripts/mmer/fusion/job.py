"""What a fusion is told, and the job itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmer.by_recording import read_apart
from mmer.fusion.grid import fuse
from mmer.fusion.nested import fuse_nested
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import grid_of, write_table
from mmer.items import Items, read_items
from mmer.nested_predictions import out_of_fold, read_nested
from mmer.predictions import Posteriors
from mmer.protocol import Split
from mmer.runtime.job import Job
from mmer.tasks import Classes


class FusionJob(Job):
    """What a fusion is told; ``predictions`` and ``grid`` are the two tables that it writes.

    ``systems`` are tables of predictions by name of the system and then of the split, ``inputs``
    what of them goes in.  ``nested`` are the splits of the nested protocol, by name; where they are
    given, a system that has no tables of them has those of the paper's.
    """

    task: Classes
    items: Path
    systems: dict[str, dict[str, Path]]
    inputs: InputsSettings
    settings: FusionSettings
    nested: dict[str, Split] = {}
    predictions: Path
    grid: Path


def fuse_and_write(job: FusionJob) -> None:
    """Read the predictions, fuse them, write the fused ones and the grid of accuracies."""
    items = read_items(job.items)
    systems = {name: _posteriors(job, paths, items) for name, paths in job.systems.items()}
    if job.nested:
        fused, grid = fuse_nested(systems, job.task, items, job.inputs, job.settings)
    else:
        fused = fuse(systems, job.task, job.inputs, job.settings)
        grid = grid_of(fused, job.task, items)
    write_table(job.predictions, fused)
    write_table(job.grid, grid)


def _posteriors(job: FusionJob, paths: Mapping[str, Path], items: Items) -> dict[str, Posteriors]:
    """Those of a system by split, or under the nested protocol by fold."""
    if job.nested and set(paths) == set(job.nested):
        return read_nested(paths, job.nested, job.task, items)
    tables = {split: read_apart(path, job.task, items) for split, path in paths.items()}
    return out_of_fold(tables) if job.nested else tables
