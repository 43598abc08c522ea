"""What classifiers of embeddings share."""

from __future__ import annotations

from abc import abstractmethod

from pydantic import Field

from mmer.models.base import PREDICTIONS, TRAINED, Family, ModelEntry, ModelJob, Name, Step


class EmbeddingClassifierEntry(ModelEntry):
    """A classifier of embeddings."""

    of: Name = Field(description="The embeddings it reads.")


class EmbeddingClassifier(Family):
    """A classifier per split on the embeddings of another model."""

    needs = frozenset({"embeddings"})
    starts_from_weights = False
    takes = (
        Step(  # for all splits at once, each takes seconds
            "classify",
            "variant",
            {PREDICTIONS: TRAINED[PREDICTIONS]},
            of_base=("embeddings",),
            seeded=False,
        ),
    )

    @abstractmethod
    def classify(self, job: ModelJob) -> None:
        """Classify every split."""
