"""The grid of bi-LSTMs with attention on action units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmer.items import read_items
from mmer.models.action_units import ActionUnitsBiLstmSettings
from mmer.models.base import ModelJob
from mmer.models.networks.bilstm_grid import train_grid
from mmer.models.networks.bilstm_training import StoredSequences
from mmer.protocol import Split, choosing_parts
from mmer.ragged import read_ragged
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.training.kept_audio import rows_of_split


def train(job: ModelJob) -> None:
    """Train the grid on every split."""
    train_grid(job, job.settings(ActionUnitsBiLstmSettings), _sequences_by_training)


def _sequences_by_training(
    job: ModelJob, settings: ActionUnitsBiLstmSettings, compute: Compute, folder: Path
) -> Iterator[tuple[dict[str, Split], StoredSequences]]:
    """Each training's items, with the splits that share it by the part that chooses."""
    units, items = read_ragged(job.inputs["action_units"]), read_items(job.one("items"))
    file = folder / "features.float32"
    sharing: dict[tuple[str, ...], list[Split]] = {}
    for split in job.splits.values():
        sharing.setdefault(split.train, []).append(split)
    for shared in sharing.values():
        splits = choosing_parts(shared)
        _, chosen, part = rows_of_split(units.items, items, shared[0], job.classes)
        of_split = units.only(chosen.names)
        with writing(file) as unfinished:
            of_split.values.astype(np.float32).tofile(unfinished)
        yield (
            splits,
            StoredSequences(
                task=job.classes,
                items=chosen,
                part=part,
                choosing_parts=tuple(splits),
                offsets=of_split.offsets,
                rate=of_split.rate,
                file=file,
            ),
        )
