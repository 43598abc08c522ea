"""DeepSpectrum's embeddings: AlexNet's fc7 of spectrogram images, nothing trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.models.base import ModelEntry
from mmer.models.embedding import EmbeddingFamily
from mmer.models.weights_settings import WeightsSettings
from mmer.settings import from_source

if TYPE_CHECKING:
    import numpy as np
    from torchvision.models import AlexNet

    from mmer.tasks import Task
    from mmer.weights import Weights


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


class AlexNetEmbedding(EmbeddingFamily):
    """AlexNet's embedding of every item."""

    name = "alexnet_embedding"
    Entry = AlexNetEmbeddingEntry
    items_at_once = 32

    def network(
        self, task: Task, settings: AlexNetEmbeddingSettings, weights: Weights | None
    ) -> AlexNet:
        """AlexNet; its last layer is not used, but random weights are drawn after it."""
        from mmer.models.networks.alexnet import build_alexnet, load_alexnet
        from mmer.training.foreign_checkpoint import start_from

        network = build_alexnet(task.outputs, settings.width)
        return start_from(network, settings.weights, weights, load_alexnet)

    def describe(
        self, network: AlexNet, waveforms: Sequence[np.ndarray], settings: AlexNetEmbeddingSettings
    ) -> np.ndarray:
        """The layer fc7 of each drawn spectrogram."""
        from mmer.models.networks.alexnet_embedding import embeddings_of

        return embeddings_of(network, waveforms, settings.image)
