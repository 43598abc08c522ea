"""Settings of late fusion: what goes in, how it is scaled, which classifiers are tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from mmer.settings import Settings, decided, from_source

_GRID = "paper section 4.2; table A3 prints the cells before the accuracy fell or levelled off"
_MACHINES = (1e-4, 1e-3, 0.01, 0.1, 1, 10, 100)

Values = Literal["probability", "log_probability", "logit", "native"]
Scaling = Literal["none", "minmax", "standard"]


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


class WeightGrid(Settings):
    """Grids of weights to try; none leaves the weighted sum out."""

    parts: tuple[Annotated[int, Field(ge=1)], ...] = decided(
        ...,
        "into how many equal parts all weight is cut that the systems share; 10 tries 0, 0.1, ...",
        "Padi et al. 2022 fuse scores and do not say by which weights",
    )


class FusionClassifiers(Settings):
    """The grid: each classifier with the values of its one hyperparameter."""

    logistic_regression: Regularisation = from_source(
        Regularisation(C=(0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6)), "logistic regression", _GRID
    )
    svm_linear: Regularisation = from_source(
        Regularisation(C=_MACHINES), "support vector machine, linear kernel", _GRID
    )
    svm_rbf: Regularisation = from_source(
        Regularisation(C=_MACHINES), "support vector machine, radial basis function kernel", _GRID
    )
    knn: Neighbours = from_source(
        Neighbours(k=(10, 20, 30, 40, 50)), "nearest neighbours with majority vote", _GRID
    )
    weighted_sum: WeightGrid = decided(
        WeightGrid(parts=()),
        "sum of the systems' probabilities, each with its weight, whatever else they are fed with",
        "section 4.2 does not have it",
    )


class SystemInputs(Settings):
    """What one system gives to the fusion where it is not what the others give."""

    values: Values | None = Field(None, description="As beside by_system; null: the same.")
    scaling: Scaling | None = Field(None, description="As beside by_system; null: the same.")


class InputsSettings(Settings):
    """What fusions are fed."""

    values: Values = decided(
        "native",
        "what each system gives: native is its logits, or its probabilities where it has no logits",
        "the paper takes the output of the eight-neuron layer and its authors' later published "
        "fusion is reproduced to the clip with native values",
    )
    scaling: Scaling = decided(
        "none",
        "scaling of each input column, fitted on the training rows of the split",
        "the paper names none",
    )
    by_system: dict[str, SystemInputs] = decided(
        {},
        "other values or scaling of single systems, by <model>/<variant> or by <model> for all its "
        "variants",
        "the paper names nothing that differs between systems; with unscaled probabilities of one "
        "beside unscaled logits of the other, strong regularisation ignores the first, which would "
        "explain why table A3's logistic regression needs a large C",
    )
    smallest_probability: float = decided(
        1e-12,
        "probabilities below it count as this before the logarithm",
        "keeps the logarithm finite where a softmax rounds to zero",
        gt=0,
        lt=1,
    )

    def of_system(self, name: str) -> tuple[Values, Scaling]:
        """Values and scaling of a system named ``<model>/<variant>``.

        Its own entry wins over its model's, and that over what holds for all systems.
        """
        chosen = [self.by_system.get(name), self.by_system.get(name.split("/")[0])]
        entries = [entry for entry in chosen if entry is not None]
        values = [entry.values for entry in entries if entry.values is not None]
        scaling = [entry.scaling for entry in entries if entry.scaling is not None]
        return [*values, self.values][0], [*scaling, self.scaling][0]

    def only(self, systems: Iterable[str]) -> InputsSettings:
        """The same settings without the entries of systems other than these."""
        named = {key for system in systems for key in (system, system.split("/")[0])}
        kept = {key: entry for key, entry in self.by_system.items() if key in named}
        return self.model_copy(update={"by_system": kept})


class FusionSettings(Settings):
    """By which classifiers the posteriors of two or more systems are fused."""

    classifiers: FusionClassifiers = decided(
        FusionClassifiers(),
        "the classifiers and values to try",
        "all of section 4.2; the best is chosen among them, table A3's cells are compared",
    )
    weights_chosen_on: Literal["held_out", "training"] = decided(
        "held_out",
        "held_out: every cell of a grid of weights is a candidate beside the other classifiers and "
        "chosen as they are; training: a grid is one candidate, with the weights that are best on "
        "the rows it learns from",
        "a network knows the items that it was trained on by heart, and the one that knows them "
        "best would get all the weight; under the nested protocol both choose on rows out of fold",
    )
    logistic_solver: Literal["newton-cholesky", "lbfgs"] = decided(
        "newton-cholesky",
        "how scikit-learn looks for the minimum of logistic regression, of which there is one",
        "the library's default, lbfgs, needs seconds a fit and more than 10,000 iterations at the "
        "table's larger values of C; Newton's method needs some thirty and 0.05 s "
        "(docs/statistics.md)",
    )
    logistic_tolerance: float = decided(
        1e-10,
        "largest gradient of the mean loss at which logistic regression has converged",
        "at the largest C of the table the penalty's own gradient is near 1e-8, so that looser "
        "tolerances stop before the minimum wherever the training rows are separable",
        gt=0,
    )
    logistic_max_iterations: int = decided(
        10_000,
        "iterations after which logistic regression is stopped with a warning",
        "high enough never to bind with Newton's method",
        ge=1,
    )
    svm_max_iterations: int = decided(
        10_000_000,
        "solver steps after which a support vector machine is stopped with a warning",
        "high enough never to bind on well-scaled inputs, and ends a fit that would not end",
        ge=1,
    )
