"""A multilayer perceptron of embeddings."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from mmer.embeddings import Embeddings, read_embeddings
from mmer.items import Items, read_items
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.models.networks.embedding_classifier import posteriors_of_split, scaled
from mmer.models.perceptron import PerceptronSettings
from mmer.predictions import Posteriors, write_predictions
from mmer.protocol import Split
from mmer.tasks import Classes

TINIEST = 1e-12
"""Probabilities below count as this: a logit is finite."""


def classify(job: ModelJob) -> None:
    """Classify split by split; each takes seconds."""
    settings, task = job.settings(PerceptronSettings), job.classes
    embeddings, items = read_embeddings(job.one("embeddings")), read_items(job.one("items"))
    for name, split in job.splits.items():
        said = classify_split(embeddings, items, split, task, settings, job.seed or 0)
        write_predictions(job.output(PREDICTIONS, name), said)


def classify_split(
    embeddings: Embeddings,
    items: Items,
    split: Split,
    task: Classes,
    settings: PerceptronSettings,
    seed: int,
) -> Posteriors:
    """Fit scaling and network on the training speakers; posteriors of all items of the split."""

    def fit(values: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        network = MLPClassifier(
            settings.hidden, max_iter=settings.max_epochs, random_state=seed % 2**32
        )
        with warnings.catch_warnings():
            # The published recipe ends after so many epochs, settled or not.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = scaled(settings.scaling, network).fit(values, labels)

        def logits(values: np.ndarray) -> np.ndarray:
            probabilities = fitted.predict_proba(values)
            return np.log(probabilities.clip(TINIEST))  # their softmax gives them back

        return logits

    return posteriors_of_split(embeddings, items, split, task, fit)
