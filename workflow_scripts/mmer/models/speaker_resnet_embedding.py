"""Embeddings of WeSpeaker's residual network, which tells speakers apart, nothing trained.

It stands in for the speaker network of Padi et al. 2022, whose weights are not published.
"""

from __future__ import annotations

from typing import Literal

from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.weights_settings import EMBED, WeightsSettings
from mmer.settings import decided


class SpeakerResnetEmbeddingSettings(WeightsSettings):
    """Which weights the network has."""

    weights: Literal["wespeaker_resnet34", "random"] = decided(
        "wespeaker_resnet34",
        "Weights: those that WeSpeaker learned on VoxCeleb's speakers, or random ones.",
        "Padi et al. 2022 have a residual network that told speakers apart, of which neither the "
        "weights nor, in the abstract, the layers are published; this one is.",
    )
    width: float = decided(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "The published network's.",
        gt=0,
        le=1,
    )


class SpeakerResnetEmbeddingEntry(ModelEntry):
    """Embeddings of WeSpeaker's residual network, nothing trained."""

    family: Literal["speaker_resnet_embedding"]
    settings: SpeakerResnetEmbeddingSettings = SpeakerResnetEmbeddingSettings()


class SpeakerResnetEmbedding(Family):
    """The residual network's embedding of every item, for a classifier."""

    name = "speaker_resnet_embedding"
    Entry = SpeakerResnetEmbeddingEntry
    takes = (EMBED,)

    def embed(self, job: ModelJob) -> None:
        """Embed every item."""
        from mmer.models.networks.speaker_resnet_embedding import embed

        embed(job)
