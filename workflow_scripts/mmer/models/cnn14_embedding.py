"""PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from mmer.models.base import Family, ModelEntry, ModelJob, Output, Resources, Step
from mmer.models.weights_settings import refuse_narrow_published
from mmer.settings import Settings, from_source


class Cnn14EmbeddingSettings(Settings):
    """How CNN-14 turns an item into an embedding without being trained on the task."""

    weights: Literal["panns_cnn14_16k", "random"] = from_source(
        "panns_cnn14_16k",
        "Weights: those learned on AudioSet, or random ones.",
        "paper section 3.2.1",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "paper section 3.2.1 (2048 values)",
        gt=0,
        le=1,
    )

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> Cnn14EmbeddingSettings:
        refuse_narrow_published(self.weights, self.width)
        return self


class Cnn14EmbeddingEntry(ModelEntry):
    """PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

    family: Literal["cnn14_embedding"]
    settings: Cnn14EmbeddingSettings = Cnn14EmbeddingSettings()


class Cnn14Embedding(Family):
    """CNN-14's embedding of every item, for a classifier."""

    name = "cnn14_embedding"
    Entry = Cnn14EmbeddingEntry
    gives = frozenset({"embeddings"})

    def steps(self, entry: Cnn14EmbeddingEntry, has: frozenset[str]) -> tuple[Step, ...]:
        """One pass over all items per variant."""
        return (
            Step(
                "embed",
                "variant",
                {"embeddings": Output("embeddings.npz", "variant")},
                media=("audio",),
                uses_weights=True,
                resources=Resources(gpu="shared", memory_mb=8000, minutes=30),
            ),
        )

    def embed(self, job: ModelJob) -> None:
        """Embed every item."""
        from mmer.models.networks.cnn14_embedding import embed

        embed(job)
