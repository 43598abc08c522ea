"""What families share that say a vector of every item's voice, nothing trained on the task."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mmer.models.base import Family, ModelJob, Output, Resources, Step

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.kept import KeptModel, Predictor
    from mmer.tasks import Task
    from mmer.weights import Weights

EMBED = Step(
    "embed",
    "variant",
    {"embeddings": Output("embeddings.npz", "variant")},
    media=("audio",),
    uses_weights=True,
    resources=Resources(gpu="shared", memory_mb=8000, minutes=30),
)
"""The only step of a network that is not trained here."""

DESCRIBE = replace(EMBED, uses_weights=False, seeded=False, resources=Resources(minutes=20))
"""The only step of what is computed of a voice without a network."""


class EmbeddingFamily(Family):
    """A vector of every item, for a classifier.

    ``items_at_once`` are described together, which bounds memory; None for all.
    """

    takes = (EMBED,)
    items_at_once: ClassVar[int | None] = 1

    @abstractmethod
    def network(self, task: Task, settings: Any, weights: Weights | None) -> Any:
        """What computes, on the CPU, with the weights that the settings name."""

    @abstractmethod
    def describe(self, network: Any, waveforms: Sequence[np.ndarray], settings: Any) -> np.ndarray:
        """Vectors ``(items, dimensions)`` float32 of int16 waveforms; the network evaluates."""

    def dimensions(self, network: Any) -> tuple[str, ...]:
        """Names of a vector's values, where they have any."""
        return ()

    def embed(self, job: ModelJob) -> None:
        """Describe every item."""
        from mmer.models.networks.embedding import embed

        embed(self, job)

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:
        """The network that described the items, made once more."""
        from mmer.models.networks.kept_embeddings import kept_state

        return kept_state(self, job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:
        """Vectors of the pieces."""
        from mmer.models.networks.kept_embeddings import predictor

        return predictor(self, kept)
