"""ZeroR, the reference that any recogniser must beat: the most frequent class.

Source: paper tables 1 and 3.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from mmer.items import Items, read_items
from mmer.models.base import (
    PREDICTIONS,
    TRAINED,
    Family,
    Modality,
    ModelEntry,
    ModelJob,
    Step,
    Variant,
)
from mmer.predictions import Posteriors, write_predictions
from mmer.protocol import TRAIN, Split
from mmer.tasks import Classes
from mmer.training.kept_audio import rows_of_split


class MajorityEntry(ModelEntry):
    """ZeroR: the most frequent class of the training items."""

    family: Literal["majority"]
    modality: Modality = Field(description="Beside whose models it stands.")
    variants: tuple[Variant, ...] = ("full",)


class Majority(Family):
    """The shares of the classes among the training items, said of every item."""

    name = "majority"
    Entry = MajorityEntry
    is_reference = True
    starts_from_weights = False
    takes = (Step("predict", "variant", {PREDICTIONS: TRAINED[PREDICTIONS]}, seeded=False),)

    def predict(self, job: ModelJob) -> None:
        """Count and write."""
        items = read_items(job.one("items"))
        for name, split in job.splits.items():
            posteriors = majority_posteriors(items, split, job.classes)
            write_predictions(job.output(PREDICTIONS, name), posteriors)


def majority_posteriors(items: Items, split: Split, task: Classes) -> Posteriors:
    """Say of every item how often each class comes among the training items.

    The most probable class is therefore the most frequent one; of equals the first of the task's
    counts.  Items of speakers outside the split, or without a class, are left out.
    """
    _, chosen, part = rows_of_split(items.names, items, split, task)
    counts = np.bincount(task.labels(chosen)[part == TRAIN], minlength=task.outputs)
    shares = np.tile(counts / counts.sum(), (len(chosen), 1))
    return Posteriors(task, chosen, part, shares, None)
