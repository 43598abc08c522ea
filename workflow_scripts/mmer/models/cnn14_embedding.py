"""PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.embedding import EmbeddingFamily
from mmer.models.weights_settings import WeightsSettings
from mmer.settings import from_source

if TYPE_CHECKING:
    import numpy as np

    from mmer.models.networks.cnn14 import Cnn14
    from mmer.tasks import Task
    from mmer.weights import Weights


class Cnn14EmbeddingSettings(WeightsSettings):
    """How CNN-14 turns an item into an embedding without being trained on the task."""

    weights: Literal["panns_cnn14_16k", "random"] = from_source(
        "panns_cnn14_16k",
        "Weights: those learned on AudioSet, or random ones.",
        "paper section 3.2.1",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "paper section 3.2.1 (2048 values)",
        gt=0,
        le=1,
    )


class Cnn14EmbeddingEntry(ModelEntry):
    """PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

    family: Literal["cnn14_embedding"]
    settings: Cnn14EmbeddingSettings = Cnn14EmbeddingSettings()


class Cnn14Embedding(EmbeddingFamily):
    """CNN-14's embedding of every item."""

    name = "cnn14_embedding"
    Entry = Cnn14EmbeddingEntry
    items_at_once = None

    def network(
        self, task: Task, settings: Cnn14EmbeddingSettings, weights: Weights | None
    ) -> Cnn14:
        """CNN-14; its classifier is not used, but random weights are drawn after it."""
        from mmer.models.networks.cnn14 import Cnn14
        from mmer.models.networks.panns_checkpoint import load_panns
        from mmer.training.foreign_checkpoint import start_from

        network = Cnn14(classes=task.outputs, width=settings.width, spec_augment=False)
        return start_from(network, settings.weights, weights, load_panns)

    def describe(
        self, network: Cnn14, waveforms: Sequence[np.ndarray], settings: Cnn14EmbeddingSettings
    ) -> np.ndarray:
        """The layer before the classifier, of each item at its own length."""
        from mmer.models.networks.cnn14_embedding import embeddings_of

        return embeddings_of(network, waveforms)
