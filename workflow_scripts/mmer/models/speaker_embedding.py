"""Embeddings of a network that learned to tell speakers apart, nothing trained.

Source of the network: Wan et al. 2018, "Generalized End-to-End Loss for Speaker Verification", as
the package Resemblyzer 0.1.4 publishes it.  It stands in for the speaker network of Padi et al.
2022, "Multimodal Emotion Recognition using Transfer Learning from Speaker Recognition and
BERT-based models", whose weights are not published.
"""

from __future__ import annotations

from typing import Literal

from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.speaker_weights_settings import SpeakerEmbeddingSettings
from mmer.models.weights_settings import EMBED


class SpeakerEmbeddingEntry(ModelEntry):
    """Embeddings of a network that learned to tell speakers apart, nothing trained."""

    family: Literal["speaker_embedding"]
    settings: SpeakerEmbeddingSettings = SpeakerEmbeddingSettings()


class SpeakerEmbedding(Family):
    """The speaker network's embedding of every item, for a classifier."""

    name = "speaker_embedding"
    Entry = SpeakerEmbeddingEntry
    takes = (EMBED,)

    def embed(self, job: ModelJob) -> None:
        """Embed every item."""
        from mmer.models.networks.speaker_embedding import embed

        embed(job)
