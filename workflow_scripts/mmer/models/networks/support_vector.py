"""Support vector classification of embeddings.

Source: paper section 3.2.1.  With the paper's C of 0.001 every training item lies at the bound, so
that only the size and the spread of the classes decide; ``docs/svc_scaling.md`` has the details.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from mmer.embeddings import Embeddings
from mmer.items import Items
from mmer.models.base import ModelJob
from mmer.models.networks.embedding_classifier import (
    classify_every_split,
    posteriors_of_split,
    scaled,
)
from mmer.models.support_vector import SupportVectorSettings
from mmer.predictions import Posteriors
from mmer.protocol import Split
from mmer.tasks import Classes

log = logging.getLogger(__name__)


def classify(job: ModelJob) -> None:
    """Classify split by split; each takes seconds."""
    classify_every_split(job, classify_split, job.settings(SupportVectorSettings))


def classify_split(
    embeddings: Embeddings,
    items: Items,
    split: Split,
    task: Classes,
    settings: SupportVectorSettings,
) -> Posteriors:
    """Fit scaling and classifier on the training speakers; posteriors of all items of the split.

    Logits are the one-versus-rest decision values, probabilities their softmax: no Platt scaling,
    whose predictions may differ from the classifier's own.  Nothing here is random.
    """

    def fit(values: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        _warn_of_small_c(split, task, np.bincount(labels), settings)
        classifier = classifier_of(settings).fit(values, labels)
        return lambda values: decision_values(classifier, values, settings.break_ties)

    return posteriors_of_split(embeddings, items, split, task, fit)


def decision_values(classifier: Pipeline, values: np.ndarray, break_ties: bool) -> np.ndarray:
    """One-versus-rest decision values ``(items, classes)`` whose largest is the predicted class.

    A value is the number of duels that a class wins, plus less than a third for how clearly.  Of
    classes with equally many, scikit-learn predicts the clearest if ``break_ties``, else the first
    in the order of the task; in that second case it changes values with the clearest.
    """
    decisions = classifier.decision_function(values)
    if decisions.ndim == 1:  # of two classes scikit-learn tells one value
        return np.stack([-decisions, decisions], axis=1)
    if break_ties:
        return decisions
    return with_winner(decisions, classifier.predict(values))


def with_winner(decisions: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Decision values ``(items, classes)`` whose largest is that of the class ``(items,)``."""
    rows, clearest = np.arange(len(decisions)), decisions.argmax(axis=1)
    exchanged = decisions.copy()
    exchanged[rows, clearest] = decisions[rows, predicted]
    exchanged[rows, predicted] = decisions[rows, clearest]
    return exchanged


def classifier_of(settings: SupportVectorSettings) -> Pipeline:
    """Scaling, fitted with the classifier on the same rows, then the classifier."""
    machine = SVC(
        kernel="precomputed",
        C=settings.C,
        class_weight=None if settings.class_weight == "none" else settings.class_weight,
        decision_function_shape="ovr",
        break_ties=settings.break_ties,
    )
    kernel = KernelToTraining(settings.kernel, settings.gamma)
    return scaled(settings.scaling, kernel, machine)


class KernelToTraining(TransformerMixin, BaseEstimator):
    """Rows become their kernel with every training row, ``(rows, training rows)`` float64.

    The classifier would work the same numbers out one by one; a product of matrices takes a
    thirtieth of that time at RAVDESS's size.

    ``kernel`` and ``gamma`` are as in the settings; ``scale`` and ``auto`` as scikit-learn defines
    them.
    """

    def __init__(self, kernel: str, gamma: str | float) -> None:
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, values: np.ndarray, labels: np.ndarray | None = None) -> KernelToTraining:
        """Keep the training rows ``(rows, dimensions)``."""
        self.training_ = values
        dimensions, variance = values.shape[1], values.var()
        scale = 1 / (dimensions * variance) if variance else 1.0
        widths = {"scale": scale, "auto": 1 / dimensions}
        self.gamma_ = widths[self.gamma] if isinstance(self.gamma, str) else self.gamma
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """The kernel of ``(rows, dimensions)`` with the training rows."""
        if self.kernel == "linear":
            return linear_kernel(values, self.training_)
        return rbf_kernel(values, self.training_, gamma=self.gamma_)


def _warn_of_small_c(
    split: Split, task: Classes, counts: np.ndarray, settings: SupportVectorSettings
) -> None:
    """Say where C is so small that class sizes decide and not the embeddings."""
    if settings.kernel != "rbf":
        return
    small = outvoted(counts, settings.C)
    if settings.class_weight == "none":
        for label in small:
            log.warning(
                "split %s: with C = %g the %s %s, with %d training items, loses to every other "
                "with more (up to %d), whatever the embedding",
                *(split.name, settings.C, task.column, task.names[label]),
                *(counts[label], counts.max()),
            )
    elif small and (counts % counts.min()).any():
        log.warning(
            "split %s: with C = %g and training items per class of %s, rounding errors of the "
            "balanced weights decide some duels; make the counts equal or multiples, or raise C",
            *(split.name, settings.C, counts.tolist()),
        )


def outvoted(counts: np.ndarray, regularisation: float) -> list[int]:
    """Classes that lose every duel with a larger class, because C is so small.

    In a duel of ``n`` items with more than ``n``, the weights of both sides sum to at most ``n C``,
    so that decision values, with a kernel of at most 1, differ by at most ``2 n C``; and some item
    of the larger class, not at the bound, has a decision value of at least 1.

    ``counts`` are the training items of each class, ``(classes,)``.
    """
    small = (counts < counts.max()) & (2 * counts * regularisation < 1)
    return [int(label) for label in np.flatnonzero(small)]
