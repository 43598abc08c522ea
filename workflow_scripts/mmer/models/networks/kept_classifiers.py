"""Classifiers of embeddings after their run: fitted once more, kept as tensors, and asked.

A fit takes seconds and nothing in it is random, so that a run keeps its predictions only.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from torch import Tensor

from mmer.embeddings import read_embeddings
from mmer.items import read_items
from mmer.kept_classifiers import (
    check_kept,
    linear_decisions,
    linear_kept,
    machine_decisions,
    machine_kept,
    scaled_by,
    scaling_kept,
)
from mmer.models.base import ModelJob
from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.models.logistic_regression import LogisticRegressionSettings
from mmer.models.networks import logistic_regression, support_vector
from mmer.models.support_vector import SupportVectorSettings
from mmer.predictions import posteriors_of
from mmer.protocol import TRAIN
from mmer.training.kept_audio import rows_of_split


def kept_state(job: ModelJob, split: str) -> dict[str, Tensor]:
    """Scaling and classifier of one split, fitted on its training items."""
    embeddings, items = read_embeddings(job.one("embeddings")), read_items(job.one("items"))
    rows, chosen, part = rows_of_split(embeddings.items, items, job.splits[split], job.classes)
    training = part == TRAIN
    values = embeddings.values[rows].astype(np.float64)[training]
    fitted = _classifier(job).fit(values, job.classes.labels(chosen)[training])
    arrays = arrays_of(fitted, values)
    return {name: torch.from_numpy(np.ascontiguousarray(each)) for name, each in arrays.items()}


def _classifier(job: ModelJob) -> Pipeline:
    """The classifier that the job's family fits, not yet fitted."""
    if "kernel" in job.options["settings"]:
        return support_vector.classifier_of(job.settings(SupportVectorSettings))
    return logistic_regression.classifier_of(job.settings(LogisticRegressionSettings))


def arrays_of(fitted: Pipeline, values: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a fitted pipeline."""
    last = fitted[-1]
    before = fitted[:-2] if isinstance(last, SVC) else fitted[:-1]
    scaling = scaling_kept(before[0] if len(before) else None, values.shape[1])
    if isinstance(last, LogisticRegression):
        return {**scaling, **linear_kept(last)}
    kernel = fitted[-2]
    support = kernel.training_[last.support_]
    gamma = None if kernel.kernel == "linear" else float(kernel.gamma_)
    return {**scaling, **machine_kept(last, support, gamma)}


def predictor(kept: KeptModel) -> Predictor:
    """The classifier of a split on what the model named by ``of`` computes."""
    arrays = {name: tensor.numpy() for name, tensor in kept.state.items()}
    check_kept(arrays, None, kept.task.outputs, kept.model)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert base is not None and base.embeddings is not None, "it classifies embeddings"
        values = scaled_by(arrays, base.embeddings.astype(np.float64))
        if "support" in arrays:
            decisions, predicted = machine_decisions(arrays, values)
            if not kept.settings(SupportVectorSettings).break_ties and decisions.shape[1] > 2:
                decisions = support_vector.with_winner(decisions, predicted)
        else:
            decisions = linear_decisions(arrays, values)
        table = pieces.table(kept.task)
        return Said.of(posteriors_of(kept.task, table, np.full(len(table), ""), decisions))

    return say
