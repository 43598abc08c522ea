"""A small convolutional network trained from random weights, for those without published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.settings import decided

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.plain_cnn import PlainCnn as Network
    from mmer.tasks import Classes

FOUND = "Found among the training speakers of one split, see docs/real_voices.md."


class PlainCnnSettings(NetworkSettings):
    """How the network hears, is built and is trained."""

    bands: int = decided(
        64, "Mel bands, of 64 ms windows every 20 ms.", "As many as CNN-14's.", ge=16
    )
    channels: tuple[int, ...] = decided(
        (16, 16, 48, 64),
        "Channels of each block.",
        FOUND + "  Twice as many in the second took half as long again and did no better.",
        min_length=1,
    )
    frame_width: int = decided(
        128,
        "Values of a frame after the last block, made of all its channels and bands.",
        FOUND + "  The mean over bands, which forgets where a formant lies, did 7 points worse.",
        ge=1,
    )
    dropout: float = decided(0.3, "Dropout before the last layer.", FOUND, ge=0, lt=1)
    stretch: float = decided(
        0.15, "An item is made up to this share faster or slower.", FOUND, ge=0, lt=0.9
    )
    band_shift: int = decided(
        3, "Its spectrum is moved up or down by up to so many bands.", FOUND, ge=0
    )
    gain_db: float = decided(3.0, "It is made up to this much louder or softer.", FOUND, ge=0)
    band_mask: int = decided(8, "Each of two masks hides up to so many bands.", FOUND, ge=0)
    frame_mask: int = decided(
        20, "Each of two masks hides up to so many frames, at most a third.", FOUND, ge=0
    )
    batch_size: int = decided(32, "Items in a batch.", FOUND, ge=1)
    learning_rate: float = decided(3e-3, "AdamW's highest learning rate.", FOUND, gt=0)
    weight_decay: float = decided(0.05, "AdamW's weight decay.", FOUND, ge=0)
    max_epochs: int = decided(
        80,
        "Passes over the training items.",
        FOUND + "  30 did 13 points worse and 45 did 9; more were not tried.",
        ge=1,
    )
    patience: int | None = decided(
        None,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "One cycle of the learning rate is to end.",
        ge=1,
    )
    schedule: Literal["constant", "one_cycle"] = decided(
        "one_cycle", "Whether the learning rate stays, or rises and falls once.", FOUND
    )
    average_decay: float | None = decided(
        0.99, "Decay per step of the moving average of the weights.", FOUND, gt=0, lt=1
    )
    mixup_alpha: float = decided(0.3, "Both parameters of mixup's beta distribution.", FOUND, ge=0)
    label_smoothing: float = decided(
        0.1, "Share of each target that is spread over all classes.", FOUND, ge=0, lt=1
    )


class PlainCnnEntry(ModelEntry):
    """Its entry under ``models``."""

    family: Literal["plain_cnn"]
    settings: PlainCnnSettings = PlainCnnSettings()


class PlainCnn(NetworkFamily):
    """Blocks of convolutions on a log-mel spectrogram, then mean and deviation over time."""

    name = "plain_cnn"
    Entry = PlainCnnEntry

    def features(self, samples: np.ndarray, settings: PlainCnnSettings) -> Tensor:
        """Log-mels ``(frames, bands)`` in dB, 50 frames a second."""
        from mmer.models.networks.plain_cnn import log_mels

        return log_mels(samples, settings.bands)

    def augment(self, features: Tensor, settings: PlainCnnSettings) -> Tensor:
        """The item at another speed, pitch and level, with stripes hidden."""
        from mmer.models.networks.plain_cnn import augmented

        return augmented(features, settings)

    def network(self, width: int, task: Classes, settings: PlainCnnSettings) -> Network:
        """The network, with random weights."""
        from mmer.models.networks.plain_cnn import PlainCnn as Network

        return Network(
            width, settings.channels, settings.frame_width, settings.dropout, task.outputs
        )
