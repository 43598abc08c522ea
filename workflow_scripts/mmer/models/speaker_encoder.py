"""A recurrent network that learned to tell speakers apart, fine-tuned on a task.

The network is that of :mod:`mmer.models.speaker_embedding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily
from mmer.models.speaker_embedding import SpeakerEmbeddingSettings
from mmer.models.speaker_settings import SpeakerNetworkSettings
from mmer.settings import decided

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.speaker_classifier import SpeakerClassifier
    from mmer.tasks import Classes
    from mmer.weights import Weights


class SpeakerEncoderSettings(SpeakerNetworkSettings, SpeakerEmbeddingSettings):
    """How the network hears and is fine-tuned."""

    trainable: Literal["all", "last_layer", "projection"] = decided(
        "all",
        "What is trained besides the new layer: everything, the last recurrent layer and the "
        "projection after it, or the projection alone.",
        "TODO",
    )


class SpeakerEncoderEntry(ModelEntry):
    """Its entry under ``models``."""

    family: Literal["speaker_encoder"]
    settings: SpeakerEncoderSettings = SpeakerEncoderSettings()


class SpeakerEncoder(NetworkFamily):
    """The speaker network's mean embedding of an item's parts, then a new linear layer."""

    name = "speaker_encoder"
    Entry = SpeakerEncoderEntry

    def features(self, samples: np.ndarray, settings: SpeakerEncoderSettings) -> Tensor:
        """Mel powers ``(frames, 40)``, a hundred frames a second."""
        from mmer.models.networks.speaker_embedding import heard

        return heard(samples, settings.loudness_dbfs)

    def augment(self, features: Tensor, settings: SpeakerEncoderSettings) -> Tensor:
        """A piece of the item with masks."""
        from mmer.models.networks.speaker_chunks import chunk_of

        return chunk_of(features, settings)

    def network(
        self, width: int, task: Classes, settings: SpeakerEncoderSettings
    ) -> SpeakerClassifier:
        """The network, with random weights."""
        from mmer.models.networks.speaker_classifier import SpeakerClassifier

        return SpeakerClassifier(settings.trainable, settings.dropout, task.outputs)

    def load(
        self,
        network: SpeakerClassifier,
        settings: SpeakerEncoderSettings,
        weights: Weights | None,
    ) -> None:
        """Give the encoder the published weights."""
        from mmer.models.networks.speaker_encoder import start_from

        start_from(network.encoder, settings.weights, weights)
