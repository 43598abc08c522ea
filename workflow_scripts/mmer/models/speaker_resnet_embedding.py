"""Embeddings of WeSpeaker's residual network, which tells speakers apart, nothing trained.

It stands in for the speaker network of Padi et al. 2022, whose weights are not published.
"""

from __future__ import annotations

from typing import Literal

from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.speaker_weights_settings import SpeakerResnetEmbeddingSettings
from mmer.models.weights_settings import EMBED


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

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """The network that embedded the items, made once more."""
        from mmer.models.networks.kept_embeddings import resnet_network

        return resnet_network(job).state_dict()

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Embeddings of the pieces."""
        from mmer.models.networks.kept_embeddings import resnet_predictor

        return resnet_predictor(kept)
