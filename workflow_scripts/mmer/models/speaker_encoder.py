"""A recurrent network that learned to tell speakers apart, fine-tuned on a task.

The network is that of :mod:`mmer.models.speaker_embedding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily
from mmer.models.speaker_settings import SpeakerEmbeddingSettings, SpeakerNetworkSettings
from mmer.settings import decided

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.speaker_classifier import SpeakerClassifier
    from mmer.tasks import Classes
    from mmer.weights import Weights

FOUND = "Found among the training speakers of one split, see docs/real_voices.md."


class SpeakerEncoderSettings(SpeakerNetworkSettings, SpeakerEmbeddingSettings):
    """How the network hears and is fine-tuned."""

    trainable: Literal["all", "last_layer", "projection"] = decided(
        "projection",
        "What is trained besides the new layer: everything, the last recurrent layer and the "
        "projection after it, or the projection alone.",
        FOUND + "  The projection alone gains six points over the frozen network; more of it was "
        "hardly tried, as it takes several times as long.",
    )
    chunk_frames: int | None = decided(
        160,
        "Frames of 10 ms of the piece, anywhere in an item, that training hears of it at a time; "
        "null takes all of it.",
        FOUND + "  One part of 1.6 s, as the network was trained on, is as good as all parts of "
        "an item and takes a third of the time.",
        ge=160,
    )
    band_mask: int = decided(
        4,
        "Training hides up to so many mel bands in a row.",
        "Half of what WeSpeaker's own recipes have, for half as many bands; not searched.",
        ge=0,
    )
    batch_size: int = decided(32, "Items in a batch.", "Not searched.", ge=1)
    learning_rate: float = decided(3e-3, "AdamW's highest learning rate.", FOUND, gt=0)
    max_epochs: int = decided(20, "Passes over the training items.", FOUND, ge=1)


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
        from mmer.models.networks.speaker_encoder import heard

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
        self, network: SpeakerClassifier, settings: SpeakerEncoderSettings, weights: Weights | None
    ) -> None:
        """Give the encoder the published weights."""
        from mmer.models.networks.speaker_encoder import load_resemblyzer
        from mmer.training.foreign_checkpoint import start_from

        start_from(network.encoder, settings.weights, weights, load_resemblyzer)
