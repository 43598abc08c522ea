"""A support vector classifier on embeddings."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveFloat

from mmer.models.base import ModelJob
from mmer.models.embedding_classifier import EmbeddingClassifier, EmbeddingClassifierEntry
from mmer.settings import Settings, decided, from_source


class SupportVectorSettings(Settings):
    """How embeddings are classified."""

    kernel: Literal["rbf", "linear"] = from_source(
        "rbf", "Kernel of the support vector machine.", "paper section 3.2.1"
    )
    C: float = from_source(
        0.001, "Inverse strength of the regularisation.", "paper section 3.2.1", gt=0
    )
    try_C: tuple[PositiveFloat, ...] = decided(
        (),
        "Values of C of which those who choose take the best; none takes C itself.",
        "In the nested protocol nobody who is tested chooses; in the paper's they do, as they "
        "choose its architectures, and that flatters the number.",
    )
    gamma: Literal["scale", "auto"] | PositiveFloat = decided(
        "scale",
        "Width of the RBF kernel exp(-gamma distance²): scale is 1 / (dimensions · variance of "
        "all values), auto is 1 / dimensions, or a number.",
        "The paper names none; this is the default of the library it names.  Ten times as large, "
        "the classifier falls to chance (docs/svc_scaling.md).",
    )
    scaling: Literal["none", "standard", "minmax", "l2"] = decided(
        "none",
        "Scaling before the classifier: none; each dimension to mean 0 and deviation 1, or to "
        "[0, 1], fitted on the training rows; or each item to length 1.",
        "The paper says that the embeddings were used and names no scaling.  With C = 0.001, "
        "standard scaling blows up dimensions that few items activate and loses most on synthetic "
        "embeddings, the other three are alike (docs/svc_scaling.md).",
    )
    class_weight: Literal["none", "balanced"] = decided(
        "none",
        "Weight of a class: 1, or inverse to its number of training items.",
        "The paper names none and this is the library's default.  With C = 0.001 it means that "
        "a class half as frequent as the others is never predicted; balanced weights mend that "
        "only where the numbers are multiples of each other (docs/svc_scaling.md).",
    )
    break_ties: bool = decided(
        False,
        "Whether of classes that win equally many duels the clearest is predicted, and not the "
        "first in the order of the task.",
        "The paper is silent and this is the library's default; on synthetic embeddings it changes "
        "1 to 3 % of the items and the accuracy by less than half a point.",
    )


class SupportVectorEntry(EmbeddingClassifierEntry):
    """A support vector classifier on embeddings."""

    family: Literal["support_vector"]
    settings: SupportVectorSettings = SupportVectorSettings()


class SupportVector(EmbeddingClassifier):
    """A support vector machine per split on the embeddings of another model."""

    name = "support_vector"
    Entry = SupportVectorEntry

    def classify(self, job: ModelJob) -> None:
        """Classify every split."""
        from mmer.models.networks.support_vector import classify

        classify(job)

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """The classifier of a split, fitted once more."""
        from mmer.models.networks.kept_classifiers import kept_state

        return kept_state(job, split)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Posteriors of what the model named by ``of`` computes."""
        from mmer.models.networks.kept_classifiers import predictor

        return predictor(kept)
