"""A logistic regression on embeddings."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveFloat

from mmer.models.base import ModelJob
from mmer.models.embedding_classifier import EmbeddingClassifier, EmbeddingClassifierEntry
from mmer.settings import Settings, decided


class LogisticRegressionSettings(Settings):
    """How embeddings are classified."""

    C: float = decided(
        0.1,
        "Inverse strength of the regularisation (L2).",
        "Of nine values from 0.0001 to 1 the best on functionals (49.3 %) and on egemaps (47.5 %), "
        "with speakers held out inside the training speakers of RAVDESS's first split.",
        gt=0,
    )
    try_C: tuple[PositiveFloat, ...] = decided(
        (),
        "Values of C of which those who choose take the best; none takes C itself.",
        "In the nested protocol nobody who is tested chooses; in the paper's they do, as they "
        "choose its architectures, and that flatters the number.",
    )
    scaling: Literal["none", "standard", "minmax", "l2"] = decided(
        "standard",
        "Scaling before the classifier: none; each dimension to mean 0 and deviation 1, or to "
        "[0, 1], fitted on the training rows; or each item to length 1.",
        "The penalty counts all weights alike, and functionals come in semitones, decibels "
        "and seconds.",
    )
    class_weight: Literal["none", "balanced"] = decided(
        "none",
        "Weight of a class: 1, or inverse to its number of training items.",
        "The library's default; probabilities then fit the shares of the training items.",
    )
    max_iter: int = decided(
        1000,
        "Iterations of the solver (L-BFGS) at most.",
        "On RAVDESS functionals took at most 240 at the default C, and 310 at C = 1.",
        ge=1,
    )


class LogisticRegressionEntry(EmbeddingClassifierEntry):
    """A logistic regression on embeddings."""

    family: Literal["logistic_regression"]
    settings: LogisticRegressionSettings = LogisticRegressionSettings()


class LogisticRegression(EmbeddingClassifier):
    """A multinomial logistic regression per split on the embeddings of another model."""

    name = "logistic_regression"
    Entry = LogisticRegressionEntry

    def classify(self, job: ModelJob) -> None:
        """Classify every split."""
        from mmer.models.networks.logistic_regression import classify

        classify(job)

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """The classifier of a split, fitted once more."""
        from mmer.models.networks.kept_classifiers import kept_state

        return kept_state(job, split)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Posteriors of what the model named by ``of`` computes."""
        from mmer.models.networks.kept_classifiers import predictor

        return predictor(kept)
