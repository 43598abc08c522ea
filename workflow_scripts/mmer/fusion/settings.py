"""Settings of late fusion: what goes in, how it is scaled, which classifiers are tried."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mmer.settings import Settings, decided, from_source

_GRID = "paper section 4.2 and table A3"


class Regularisation(Settings):
    """Values to try of the inverse regularisation strength; none leaves the classifier out."""

    C: tuple[Annotated[float, Field(gt=0)], ...] = from_source(
        ..., "inverse regularisation strengths, each above 0", _GRID
    )


class Neighbours(Settings):
    """Numbers of neighbours to try; none leaves the classifier out."""

    k: tuple[Annotated[int, Field(ge=1)], ...] = from_source(
        ..., "numbers of neighbours, each at least 1", _GRID
    )


class FusionClassifiers(Settings):
    """The grid: each classifier with the values of its one hyperparameter.

    Field names are the keys of :data:`mmer.fusion.classifiers.CLASSIFIERS`.
    """

    logistic_regression: Regularisation = from_source(
        Regularisation(C=(0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6)), "logistic regression", _GRID
    )
    svm_linear: Regularisation = from_source(
        Regularisation(C=(1e-4, 1e-3, 0.01, 0.1, 1, 10)),
        "support vector machine, linear kernel",
        _GRID,
    )
    svm_rbf: Regularisation = from_source(
        Regularisation(C=(0.1, 1, 10, 100)),
        "support vector machine, radial basis function kernel",
        _GRID,
    )
    knn: Neighbours = from_source(
        Neighbours(k=(10, 20, 30, 40, 50)), "nearest neighbours with majority vote", _GRID
    )


class FusionSettings(Settings):
    """How the posteriors of two or more systems are fused."""

    inputs: Literal["probability", "log_probability", "logit", "native"] = decided(
        "native",
        "what each system gives: native is its logits, or its probabilities where it has no logits",
        "the paper takes the output of the eight-neuron layer and its authors' later published "
        "fusion is reproduced to the clip with native values",
    )
    scaling: Literal["none", "minmax", "standard"] = decided(
        "minmax",
        "scaling of each input column, fitted on the training rows of the split",
        "the paper names none; minmax is what its authors' later published fusion uses",
    )
    classifiers: FusionClassifiers = decided(
        FusionClassifiers(), "the classifiers and values to try", "those of table A3"
    )
    smallest_probability: float = decided(
        1e-12,
        "probabilities below it count as this before the logarithm",
        "keeps the logarithm finite where a softmax rounds to zero",
        gt=0,
        lt=1,
    )
    logistic_tolerance: float = decided(
        1e-7,
        "gradient of the mean loss at which logistic regression has converged",
        "scikit-learn's default of the paper's time, 1e-4, was compared with the gradient of the "
        "loss summed over some 1,150 training rows; today's 1e-4 of the mean stops much earlier",
        gt=0,
    )
    logistic_max_iterations: int = decided(
        10_000,
        "iterations after which logistic regression is stopped with a warning",
        "high enough never to bind on well-scaled inputs",
        ge=1,
    )
    svm_max_iterations: int = decided(
        10_000_000,
        "solver steps after which a support vector machine is stopped with a warning",
        "high enough never to bind on well-scaled inputs, and ends a fit that would not end",
        ge=1,
    )
