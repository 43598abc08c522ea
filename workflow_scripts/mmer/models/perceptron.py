"""A small multilayer perceptron on embeddings."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from mmer.models.base import ModelJob
from mmer.models.embedding_classifier import EmbeddingClassifier, EmbeddingClassifierEntry
from mmer.settings import Settings, from_source

LATER_PAPER = "the code that the later paper's authors published, static models"


class PerceptronSettings(Settings):
    """How embeddings are classified; what is not named is scikit-learn's default, as there."""

    hidden: tuple[int, ...] = from_source((80,), "Neurons of each hidden layer.", LATER_PAPER)
    scaling: Literal["none", "standard", "minmax", "l2"] = from_source(
        "minmax",
        "Scaling before the network: none; each dimension to mean 0 and deviation 1, or to [0, 1], "
        "fitted on the training rows; or each item to length 1.",
        f"{LATER_PAPER}, whose option 1 scales to [0, 1], though its help says otherwise",
    )
    max_epochs: int = from_source(
        200, "Passes over the training items at most.", f"{LATER_PAPER}: its library's default"
    )


class PerceptronEntry(EmbeddingClassifierEntry):
    """A small multilayer perceptron on embeddings."""

    family: Literal["perceptron"]
    settings: PerceptronSettings = PerceptronSettings()


class Perceptron(EmbeddingClassifier):
    """A multilayer perceptron per split on the embeddings of another model."""

    name = "perceptron"
    Entry = PerceptronEntry
    takes = (replace(EmbeddingClassifier.takes[0], seeded=True),)

    def classify(self, job: ModelJob) -> None:
        """Classify every split."""
        from mmer.models.networks.perceptron import classify

        classify(job)
