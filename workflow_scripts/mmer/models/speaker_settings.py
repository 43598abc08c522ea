"""What networks that learned to tell speakers apart share when they learn a task."""

from __future__ import annotations

from mmer.models.network import NetworkSettings
from mmer.models.weights_settings import WeightsSettings
from mmer.settings import decided

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
