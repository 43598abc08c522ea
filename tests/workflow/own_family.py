"""A user's own family, as a plug-in of the tiny run: it says the same of every item."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mmer.items import read_items
from mmer.models.base import PREDICTIONS, Family, ModelEntry, ModelJob, Output, Step
from mmer.predictions import Posteriors, write_predictions

CERTAINTY = 0.3


class StubbornEntry(ModelEntry):
    """What is configured of it."""

    family: Literal["stubborn"]


class Stubborn(Family):
    """It expects the first class, whatever it is given."""

    name = "stubborn"
    Entry = StubbornEntry
    gives = frozenset({PREDICTIONS})
    starts_from_weights = False

    def steps(self, entry: StubbornEntry, has: frozenset[str]) -> tuple[Step, ...]:
        """All splits at once, from the item table."""
        outputs = {PREDICTIONS: Output("predictions.csv", "split")}
        return (Step("insist", "variant", outputs, seeded=False),)

    def insist(self, job: ModelJob) -> None:
        """Write the same row for every item."""
        items, classes = read_items(job.one("items")), job.classes
        row = np.full(classes.outputs, (1 - CERTAINTY) / (classes.outputs - 1))
        row[0] = CERTAINTY
        for name, split in job.splits.items():
            said = Posteriors(
                classes, items, split.parts_of(items), np.tile(row, (len(items), 1)), None
            )
            write_predictions(job.output(PREDICTIONS, name), said)
