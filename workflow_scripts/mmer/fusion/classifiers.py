"""The classifiers that late fusion tries, each with one hyperparameter.

Everything of scikit-learn's that is not set here keeps its default, as in the paper's appendix D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from mmer.fusion.settings import FusionSettings
from mmer.fusion.weighted_sum import WeightedSum, shares

Classifier = LogisticRegression | SVC | KNeighborsClassifier | WeightedSum
WEIGHTED_SUM = "weighted_sum"


@dataclass(frozen=True)
class Candidate:
    """One cell of the grid: a field of the settings' classifiers and its hyperparameter."""

    classifier: str
    parameter: str
    value: float | tuple[float, ...]

    @property
    def hyperparameter(self) -> str:
        """The hyperparameter as table A3 writes it, for example ``C=0.001`` or ``k=10``.

        Weights are joined: ``w=0.3+0.7``.
        """
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        words = [np.format_float_positional(value, trim="-") for value in values]
        return f"{self.parameter}={'+'.join(words)}"

    def build(self, settings: FusionSettings) -> Classifier:
        """The classifier, not yet trained."""
        if self.classifier == "logistic_regression":
            return LogisticRegression(
                C=self.value,
                solver=settings.logistic_solver,
                tol=settings.logistic_tolerance,
                max_iter=settings.logistic_max_iterations,
            )
        if self.classifier == "knn":
            return KNeighborsClassifier(n_neighbors=self.value)
        if self.classifier == WEIGHTED_SUM:
            return WeightedSum([self.value] if isinstance(self.value, tuple) else self.value)
        kernel = self.classifier.removeprefix("svm_")
        return SVC(C=self.value, kernel=kernel, max_iter=settings.svm_max_iterations)


def converged(trained: Classifier, settings: FusionSettings) -> bool:
    """Whether a trained classifier came to its end."""
    if isinstance(trained, LogisticRegression):
        return bool(np.max(trained.n_iter_) < settings.logistic_max_iterations)
    return not isinstance(trained, SVC) or trained.fit_status_ == 0


def candidates(settings: FusionSettings, systems: int = 2) -> list[Candidate]:
    """The grid in the order of the settings, for so many systems."""
    found = []
    for name, kind in settings.classifiers:
        for parameter, values in kind:
            for value in values:
                if name == WEIGHTED_SUM and settings.weights_chosen_on == "held_out":
                    found += [Candidate(name, "w", weights) for weights in shares(value, systems)]
                else:
                    found.append(Candidate(name, parameter, value))
    return found
