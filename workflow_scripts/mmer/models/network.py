"""What a network of one's own needs: its features, its layers, and nothing else.

A subclass of :class:`NetworkFamily` says what a recording looks like to the network and what the
network is; loading, batches, training, early stopping, resumption and results are done for it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mmer.models.base import LEARN, Family, ModelJob, Resources
from mmer.settings import Settings, decided
from mmer.tasks import Classes, Traces

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from mmer.models.kept import KeptModel, Predictor
    from mmer.weights import Weights


class NetworkSettings(Settings):
    """How a network is trained; a family adds what its own one asks."""

    batch_size: int = decided(
        16,
        "Items in a batch.",
        "Small enough for a few hundred items, large enough for a steady gradient.",
        ge=1,
    )
    sequence_steps: int | None = decided(
        None,
        "Steps of the sequences that items with traces are cut into for training; null trains on "
        "whole items.",
        "Short items need none; long ones do not fit into memory.",
        ge=2,
    )
    learning_rate: float = decided(
        1e-3, "AdamW's learning rate.", "The usual one of networks trained from scratch.", gt=0
    )
    weight_decay: float = decided(1e-2, "AdamW's weight decay.", "The library's default.", ge=0)
    max_epochs: int = decided(
        100, "Passes over the training items at most.", "Early stopping ends sooner.", ge=1
    )
    patience: int | None = decided(
        15,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "A score on few items jumps from one epoch to the next.",
        ge=1,
    )
    standardise: bool = decided(
        True,
        "Whether each value of a frame is told from its mean over the training items, in "
        "deviations, before the network sees it.",
        "Networks learn sooner from such values, and the zeros after a shorter item stand for the "
        "mean.",
    )
    schedule: Literal["constant", "one_cycle"] = decided(
        "constant",
        "Whether the learning rate stays, or rises over the first third of all steps and falls to "
        "nothing at the last (one cycle, Smith and Topin 2017).",
        "One cycle suits a training whose length is known; early stopping cuts it off.",
    )
    average_decay: float | None = decided(
        None,
        "Decay per step of a moving average of the weights, which is then evaluated and kept in "
        "their place; null evaluates the weights themselves.",
        "The average swings less from one epoch to the next, but lags behind in short trainings.",
        gt=0,
        lt=1,
    )
    mixup_alpha: float = decided(
        0.0,
        "Both parameters of mixup's beta distribution, by which pairs of a batch are mixed, "
        "features and classes alike (Zhang et al. 2018); 0 mixes nothing.",
        "What helps depends on the network.",
        ge=0,
    )
    label_smoothing: float = decided(
        0.0,
        "Share of each target that is spread over all classes.",
        "What helps depends on the network.",
        ge=0,
        lt=1,
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those with the best score on the items that choose, or those at the end.",
        "As the paper does for its networks.  Where those who choose are those who are tested, "
        "this flatters the score; 'last' does not.",
    )


class NetworkFamily(Family):
    """A network trained on the recordings of each split.

    It begins with random weights; a family whose settings name registered ``weights`` loads them.
    Items are padded to the longest of their batch with zeros, and the network is told the lengths.

    A recording of less than ``shortest_seconds``, before it is trimmed to speech, is a broken one.
    """

    takes = (replace(LEARN, resources=Resources(gpu="shared", memory_mb=8000, minutes=240)),)
    shortest_seconds: ClassVar[float] = 0.1

    @abstractmethod
    def features(self, samples: np.ndarray, settings: Any) -> Tensor:
        """What the network sees of one item, ``(frames, width)`` float32 on the CPU.

        For a task of traces a frame stands for a step, from the first on.  Up to a second more is
        cut, and up to a second less is filled with the last frame again.

        Parameters
        ----------
        samples
            Mono sound at 16 kHz, ``(samples,)`` int16: all of the item, or its speech.
        settings
            Of the type that the family's entry declares.
        """

    def augment(self, features: Tensor, settings: Any) -> Tensor:
        """What the network sees of an item in one epoch of its training, ``(frames, width)``.

        Whatever is random in it comes from torch's global generator.  Traces need as many frames
        as they have steps.
        """
        return features

    @abstractmethod
    def network(self, width: int, task: Classes | Traces, settings: Any) -> nn.Module:
        """The network, with random weights.

        It is called with features ``(batch, frames, width)`` float32 and lengths ``(batch,)``
        int64, and gives logits ``(batch, classes)`` or traces ``(batch, frames, dimensions)``;
        ``task.outputs`` counts classes or dimensions.
        """

    def load(self, network: Any, settings: Any, weights: Weights | None) -> None:
        """Give a new network the registered weights that the settings name, where they name any."""

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        from mmer.training.network import train

        train(self, job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:
        """Each piece alone."""
        from mmer.training.new_recordings import predictor

        return predictor(self, kept)
