"""WeSpeaker's residual network, which learned to tell speakers apart, fine-tuned on a task.

It stands in for the network of Padi et al. 2022, "Multimodal Emotion Recognition using Transfer
Learning from Speaker Recognition and BERT-based models", whose weights are not published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily
from mmer.models.speaker_settings import SpeakerNetworkSettings, SpeakerResnetEmbeddingSettings
from mmer.settings import decided

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.speaker_resnet import SpeakerResnetClassifier
    from mmer.tasks import Classes
    from mmer.weights import Weights


class SpeakerResnetSettings(SpeakerNetworkSettings, SpeakerResnetEmbeddingSettings):
    """How the network is fine-tuned."""

    trainable: Literal["all", "last_stage", "embedding"] = decided(
        "all",
        "What is trained besides the new layer: everything, the last stage of residual blocks and "
        "what follows it, or the linear layer after the pooling alone.  What is not trained keeps "
        "its batch-norm statistics too.",
        "The abstract says that the network is adapted and names no part that is not.",
    )
    learning_rate: float = decided(
        1e-4,
        "AdamW's highest learning rate.",
        "A tenth of what is usual from scratch, so that what was learned of voices stays.",
        gt=0,
    )
    max_epochs: int = decided(
        20, "Passes over the training items.", "Usual for fine-tuning; not searched.", ge=1
    )


class SpeakerResnetEntry(ModelEntry):
    """Its entry under ``models``."""

    family: Literal["speaker_resnet"]
    settings: SpeakerResnetSettings = SpeakerResnetSettings()


class SpeakerResnet(NetworkFamily):
    """The residual network's embedding of an item, then a new linear layer."""

    name = "speaker_resnet"
    Entry = SpeakerResnetEntry

    def features(self, samples: np.ndarray, settings: SpeakerResnetSettings) -> Tensor:
        """Log-mels ``(frames, 80)``, a hundred frames a second."""
        from mmer.models.networks.speaker_resnet import log_mels

        return log_mels(samples)

    def augment(self, features: Tensor, settings: SpeakerResnetSettings) -> Tensor:
        """A piece of the item; masks hide what they cover under the item's mean."""
        from mmer.models.networks.speaker_chunks import chunk_of

        return chunk_of(features, settings)

    def network(
        self, width: int, task: Classes, settings: SpeakerResnetSettings
    ) -> SpeakerResnetClassifier:
        """The network, with random weights."""
        from mmer.models.networks import speaker_resnet

        network = speaker_resnet.SpeakerResnet(settings.width, settings.trainable)
        return speaker_resnet.SpeakerResnetClassifier(network, settings.dropout, task.outputs)

    def load(
        self,
        network: SpeakerResnetClassifier,
        settings: SpeakerResnetSettings,
        weights: Weights | None,
    ) -> None:
        """Give the residual network the published weights."""
        from mmer.models.networks.speaker_resnet_checkpoint import load_wespeaker
        from mmer.training.foreign_checkpoint import start_from

        start_from(network.network, settings.weights, weights, load_wespeaker)
