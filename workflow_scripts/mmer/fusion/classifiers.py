"""The classifiers that late fusion tries, each with one hyperparameter.

Everything that is not set here keeps scikit-learn's default, as in the paper's appendix D.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from mmer.fusion.settings import FusionSettings


@dataclass(frozen=True)
class ClassifierKind:
    """A kind of classifier.

    Attributes
    ----------
    parameter
        Name of its hyperparameter, in the settings and in table A3.
    build
        Makes an untrained classifier of a value and the settings.
    converged
        Whether a trained classifier came to its end.
    """

    parameter: str
    build: Callable[[Any, FusionSettings], Any]
    converged: Callable[[Any, FusionSettings], bool] = lambda model, settings: True


def _logistic_regression(value: float, settings: FusionSettings) -> LogisticRegression:
    return LogisticRegression(
        C=value,
        solver=settings.logistic_solver,
        tol=settings.logistic_tolerance,
        max_iter=settings.logistic_max_iterations,
    )


def _svm(kernel: str) -> ClassifierKind:
    return ClassifierKind(
        parameter="C",
        build=lambda value, settings: SVC(
            C=value, kernel=kernel, max_iter=settings.svm_max_iterations
        ),
        converged=lambda model, settings: model.fit_status_ == 0,
    )


CLASSIFIERS: dict[str, ClassifierKind] = {
    "logistic_regression": ClassifierKind(
        parameter="C",
        build=_logistic_regression,
        converged=lambda model, settings: bool(
            np.max(model.n_iter_) < settings.logistic_max_iterations
        ),
    ),
    "svm_linear": _svm("linear"),
    "svm_rbf": _svm("rbf"),
    "knn": ClassifierKind(
        parameter="k", build=lambda value, settings: KNeighborsClassifier(n_neighbors=value)
    ),
}
"""Kinds by name; each has a field of the same name in the settings."""


@dataclass(frozen=True)
class Candidate:
    """One cell of the grid: a kind of classifier and a value of its hyperparameter."""

    classifier: str
    value: float

    @property
    def kind(self) -> ClassifierKind:
        """The kind of classifier."""
        return CLASSIFIERS[self.classifier]

    @property
    def hyperparameter(self) -> str:
        """The hyperparameter as table A3 writes it, for example ``C=0.001`` or ``k=10``."""
        return f"{self.kind.parameter}={np.format_float_positional(self.value, trim='-')}"


def candidates(settings: FusionSettings) -> list[Candidate]:
    """The grid in the order of the settings."""
    return [
        Candidate(name, value)
        for name, kind in CLASSIFIERS.items()
        for value in getattr(getattr(settings.classifiers, name), kind.parameter)
    ]
