"""Embeddings of a network that learned to tell speakers apart, nothing trained.

Source of the network: Wan et al. 2018, "Generalized End-to-End Loss for Speaker Verification", as
the package Resemblyzer 0.1.4 publishes it.  It stands in for the speaker network of Padi et al.
2022, "Multimodal Emotion Recognition using Transfer Learning from Speaker Recognition and
BERT-based models", whose weights are not published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.embedding import EmbeddingFamily
from mmer.models.speaker_settings import SpeakerEmbeddingSettings

if TYPE_CHECKING:
    import numpy as np

    from mmer.models.networks.speaker_encoder import SpeakerEncoder
    from mmer.tasks import Task
    from mmer.weights import Weights


class SpeakerEmbeddingEntry(ModelEntry):
    """Embeddings of a network that learned to tell speakers apart, nothing trained."""

    family: Literal["speaker_embedding"]
    settings: SpeakerEmbeddingSettings = SpeakerEmbeddingSettings()


class SpeakerEmbedding(EmbeddingFamily):
    """The speaker network's embedding of every item."""

    name = "speaker_embedding"
    Entry = SpeakerEmbeddingEntry
    items_at_once = 32

    def network(
        self, task: Task, settings: SpeakerEmbeddingSettings, weights: Weights | None
    ) -> SpeakerEncoder:
        """The speaker network."""
        from mmer.models.networks.speaker_encoder import SpeakerEncoder, load_resemblyzer
        from mmer.training.foreign_checkpoint import start_from

        return start_from(SpeakerEncoder(), settings.weights, weights, load_resemblyzer)

    def describe(
        self,
        network: SpeakerEncoder,
        waveforms: Sequence[np.ndarray],
        settings: SpeakerEmbeddingSettings,
    ) -> np.ndarray:
        """The mean direction of the embeddings of each item's parts."""
        from mmer.models.networks.speaker_encoder import embeddings_of

        return embeddings_of(network, waveforms, settings.loudness_dbfs)
