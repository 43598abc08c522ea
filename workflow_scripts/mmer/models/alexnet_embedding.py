"""DeepSpectrum's embeddings: AlexNet's fc7 of spectrogram images, nothing trained."""

from __future__ import annotations

from typing import Literal

from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.weights_settings import EMBED, WeightsSettings
from mmer.settings import from_source


class AlexNetEmbeddingSettings(WeightsSettings):
    """How AlexNet turns an item into an embedding without being trained on the task."""

    weights: Literal["alexnet_imagenet", "random"] = from_source(
        "alexnet_imagenet",
        "Weights: those learned on ImageNet, or random ones (He et al. 2015).",
        "paper section 3.2.1",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels and hidden layers; other than 1 only with random weights.",
        "paper section 3.2.1 (4096 values)",
        gt=0,
        le=1,
    )
    image: SpectrogramImageSettings = SpectrogramImageSettings()


class AlexNetEmbeddingEntry(ModelEntry):
    """DeepSpectrum's embeddings: AlexNet's fc7 of spectrogram images, nothing trained."""

    family: Literal["alexnet_embedding"]
    settings: AlexNetEmbeddingSettings = AlexNetEmbeddingSettings()


class AlexNetEmbedding(Family):
    """AlexNet's embedding of every item, for a classifier."""

    name = "alexnet_embedding"
    Entry = AlexNetEmbeddingEntry
    takes = (EMBED,)

    def embed(self, job: ModelJob) -> None:
        """Embed every item."""
        from mmer.models.networks.alexnet_embedding import embed

        embed(job)

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """The network that embedded the items, made once more."""
        from mmer.models.networks.kept_embeddings import alexnet_network

        return alexnet_network(job).state_dict()

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Embeddings of the pieces."""
        from mmer.models.networks.kept_embeddings import alexnet_predictor

        return alexnet_predictor(kept)
