"""PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

from __future__ import annotations

from typing import Literal

from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.weights_settings import EMBED, WeightsSettings
from mmer.settings import from_source


class Cnn14EmbeddingSettings(WeightsSettings):
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


class Cnn14EmbeddingEntry(ModelEntry):
    """PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

    family: Literal["cnn14_embedding"]
    settings: Cnn14EmbeddingSettings = Cnn14EmbeddingSettings()


class Cnn14Embedding(Family):
    """CNN-14's embedding of every item, for a classifier."""

    name = "cnn14_embedding"
    Entry = Cnn14EmbeddingEntry
    takes = (EMBED,)

    def embed(self, job: ModelJob) -> None:
        """Embed every item."""
        from mmer.models.networks.cnn14_embedding import embed

        embed(job)

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """The network that embedded the items, made once more."""
        from mmer.models.networks.kept_embeddings import cnn14_network

        return cnn14_network(job).state_dict()

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Embeddings of the pieces."""
        from mmer.models.networks.kept_embeddings import cnn14_predictor

        return cnn14_predictor(kept)
