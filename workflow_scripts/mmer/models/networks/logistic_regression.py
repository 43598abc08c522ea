"""Multinomial logistic regression of embeddings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from mmer.embeddings import Embeddings
from mmer.items import Items
from mmer.models.base import ModelJob
from mmer.models.logistic_regression import LogisticRegressionSettings
from mmer.models.networks.embedding_classifier import (
    classify_every_split,
    posteriors_of_split,
    scaled,
)
from mmer.predictions import Posteriors
from mmer.protocol import Split
from mmer.tasks import Classes


def classify(job: ModelJob) -> None:
    """Classify split by split; each takes seconds."""
    classify_every_split(job, classify_split, job.settings(LogisticRegressionSettings))


def classify_split(
    embeddings: Embeddings,
    items: Items,
    split: Split,
    task: Classes,
    settings: LogisticRegressionSettings,
) -> Posteriors:
    """Fit scaling and regression on the training speakers; posteriors of all items of the split.

    Nothing here is random.
    """

    def fit(values: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        fitted = classifier_of(settings).fit(values, labels)

        def logits(values: np.ndarray) -> np.ndarray:
            decisions = fitted.decision_function(values)
            if decisions.ndim == 1:  # of two classes scikit-learn tells the second's log-odds
                return np.stack([np.zeros_like(decisions), decisions], axis=1)
            return decisions

        return logits

    return posteriors_of_split(embeddings, items, split, task, fit)


def classifier_of(settings: LogisticRegressionSettings) -> Pipeline:
    """Scaling, fitted with the regression on the same rows, then the regression."""
    regression = LogisticRegression(
        C=settings.C,
        class_weight=None if settings.class_weight == "none" else settings.class_weight,
        max_iter=settings.max_iter,
    )
    return scaled(settings.scaling, regression)
