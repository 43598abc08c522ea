"""Which networks that tell speakers apart there are, as they were published."""

from __future__ import annotations

from typing import Literal

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
