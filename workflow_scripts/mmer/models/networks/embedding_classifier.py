"""What classifiers of embeddings share: rows of a split, scaling, classes that must be there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

from mmer.embeddings import Embeddings, read_embeddings
from mmer.items import Items, read_items
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.predictions import Posteriors, posteriors_of, tested, write_predictions
from mmer.protocol import TRAIN, Split, chosen_together
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.kept_audio import rows_of_split

log = logging.getLogger(__name__)

SCALERS: dict[str, Callable[[], Any] | None] = {
    "none": None,
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
    "l2": Normalizer,
}

ClassifySplit = Callable[[Embeddings, Items, Split, Classes, Any], Posteriors]
"""Embeddings, item table, split, task and settings to the posteriors of the split's items."""

Fit = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
"""Training values ``(rows, dimensions)`` float64 and labels ``(rows,)`` to what gives logits
``(rows, classes)`` of any values."""


def classify_every_split(job: ModelJob, classify_split: ClassifySplit, settings: Any) -> None:
    """Classify split by split; each takes seconds.

    Where the settings name several values of C, the one is taken that is best on average for those
    who choose, over all splits that choose together.
    """
    embeddings, items = read_embeddings(job.one("embeddings")), read_items(job.one("items"))
    values = [settings.model_copy(update={"C": each}) for each in settings.try_C] or [settings]
    for names in chosen_together(job.splits):
        splits = {name: job.splits[name] for name in names}
        tried = [
            {
                name: classify_split(embeddings, items, split, job.classes, value)
                for name, split in splits.items()
            }
            for value in values
        ]
        scores = [
            np.mean([_accuracy(said[n].only(splits[n].choosing_part)) for n in names])
            for said in tried
        ]
        best = int(np.argmax(np.round(scores, 9)))
        for name, posteriors in tried[best].items():
            tested(posteriors)
            log.info("%s: C = %g is taken", name, values[best].C)
            write_predictions(job.output(PREDICTIONS, name), posteriors)


def _accuracy(posteriors: Posteriors) -> float:
    """Percent of the items whose class is named."""
    return 100 * float((posteriors.predicted == posteriors.labels).mean())


def posteriors_of_split(
    embeddings: Embeddings, items: Items, split: Split, task: Classes, fit: Fit
) -> Posteriors:
    """Fit on the training speakers; posteriors of all items of the split.

    A UserError if a speaker of the split has no item, or a class no training item.
    """
    rows, chosen, part = rows_of_split(embeddings.items, items, split, task)
    labels = task.labels(chosen)
    training = part == TRAIN
    counts = np.bincount(labels[training], minlength=task.outputs)
    if not counts.all():
        raise UserError(
            f"split {split.name} has no training item of the {task.column} "
            f"{task.names[int(counts.argmin())]}: give embeddings of all {task.outputs} classes"
        )
    values = embeddings.values[rows].astype(np.float64)
    return posteriors_of(task, chosen, part, fit(values[training], labels[training])(values))


def scaled(scaling: str, *steps: Any) -> Pipeline:
    """A scaling, fitted on the same rows as what follows it, then that."""
    scaler = SCALERS[scaling]
    return make_pipeline(*([scaler()] if scaler else []), *steps)
