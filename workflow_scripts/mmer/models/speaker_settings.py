"""What networks that learned to tell speakers apart share: their weights, and how they learn."""

from __future__ import annotations

from typing import Literal

from mmer.models.network import NetworkSettings
from mmer.models.weights_settings import WeightsSettings
from mmer.settings import Settings, decided

PACKAGE = "Resemblyzer 0.1.4"


class SpeakerEmbeddingSettings(Settings):
    """How the speaker network turns an item into an embedding."""

    weights: Literal["resemblyzer", "random"] = decided(
        "resemblyzer",
        f"Weights: those that {PACKAGE} publishes, or random ones.",
        "The only speaker network whose real weights a package brings along.",
    )
    loudness_dbfs: float | None = decided(
        -30.0,
        "Items that are quieter are raised to this level, in decibels of full scale; null leaves "
        "them.",
        f"{PACKAGE} does it before it embeds, and RAVDESS is recorded quietly.",
        le=0,
    )


class SpeakerResnetEmbeddingSettings(WeightsSettings):
    """Which weights the network has."""

    weights: Literal["wespeaker_resnet34", "random"] = decided(
        "wespeaker_resnet34",
        "Weights: those that WeSpeaker learned on VoxCeleb's speakers, or random ones.",
        "Padi et al. 2022 have a residual network that told speakers apart, of which neither the "
        "weights nor, in the abstract, the layers are published; this one is.",
    )
    width: float = decided(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "The published network's.",
        gt=0,
        le=1,
    )


ABSTRACT = "Of Padi et al. 2022 only the abstract could be read, which"


class SpeakerNetworkSettings(WeightsSettings, NetworkSettings):
    """How such a network is fine-tuned; a family says which weights, and what of them learns."""

    chunk_frames: int | None = decided(
        None,
        "Frames of 10 ms of the piece, anywhere in an item, that training hears of it at a time; "
        "null takes all of it.",
        ABSTRACT + " says that pooling spares it cutting utterances.",
        ge=160,
    )
    frame_mask: int = decided(
        10,
        "Training hides up to so many frames in a row of what it hears.",
        ABSTRACT + " names masks in time and no size; this is the size in WeSpeaker's own recipes.",
        ge=0,
    )
    band_mask: int = decided(
        8,
        "Training hides up to so many mel bands in a row.",
        ABSTRACT + " names masks in frequency and no size; this is the size in WeSpeaker's own "
        "recipes.",
        ge=0,
    )
    dropout: float = decided(
        0.2, "Dropout before the last layer.", "A light one, against few speakers.", ge=0, lt=1
    )
    standardise: bool = decided(
        False,
        "Whether each value of a frame is told from its mean over the training items, in "
        "deviations, before the network sees it.",
        "The published weights were learned on the values as they are.",
    )
    patience: int | None = decided(
        None,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "One cycle of the learning rate is to end.",
        ge=1,
    )
    schedule: Literal["constant", "one_cycle"] = decided(
        "one_cycle",
        "Whether the learning rate stays, or rises and falls once.",
        "A slow beginning spares published weights while the new layer is still random.",
    )
