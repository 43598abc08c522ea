"""Embeddings of WeSpeaker's residual network, which tells speakers apart, nothing trained.

It stands in for the speaker network of Padi et al. 2022, whose weights are not published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.embedding import EmbeddingFamily
from mmer.models.speaker_settings import SpeakerResnetEmbeddingSettings

if TYPE_CHECKING:
    import numpy as np

    from mmer.models.networks.speaker_resnet import SpeakerResnet
    from mmer.tasks import Task
    from mmer.weights import Weights


class SpeakerResnetEmbeddingEntry(ModelEntry):
    """Embeddings of WeSpeaker's residual network, nothing trained."""

    family: Literal["speaker_resnet_embedding"]
    settings: SpeakerResnetEmbeddingSettings = SpeakerResnetEmbeddingSettings()


class SpeakerResnetEmbedding(EmbeddingFamily):
    """The residual network's embedding of every item."""

    name = "speaker_resnet_embedding"
    Entry = SpeakerResnetEmbeddingEntry

    def network(
        self, task: Task, settings: SpeakerResnetEmbeddingSettings, weights: Weights | None
    ) -> SpeakerResnet:
        """The residual network."""
        from mmer.models.networks.speaker_resnet import SpeakerResnet
        from mmer.models.networks.speaker_resnet_checkpoint import load_wespeaker
        from mmer.training.foreign_checkpoint import start_from

        network = SpeakerResnet(settings.width)
        return start_from(network, settings.weights, weights, load_wespeaker)

    def describe(
        self,
        network: SpeakerResnet,
        waveforms: Sequence[np.ndarray],
        settings: SpeakerResnetEmbeddingSettings,
    ) -> np.ndarray:
        """The embedding of each item at its own length."""
        from mmer.models.networks.speaker_resnet import embeddings_of

        return embeddings_of(network, waveforms)
