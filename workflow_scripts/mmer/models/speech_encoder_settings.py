"""Which self-supervised encoder of speech a model starts from: what both of its families share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mmer.models.base import Family, ModelJob, Origin
from mmer.settings import FilePath, Settings, decided

EncoderWeights = Literal[
    "wav2vec2_base",
    "wav2vec2_large_english",
    "hubert_base",
    "hubert_large",
    "wavlm_base_plus",
    "wavlm_large",
    "folder",
    "random",
]
"""Registered weights, those of a local folder, or random ones."""

CONFIGURATION, WEIGHTS = "encoder_configuration", "encoder_weights"
"""The files of a local folder, as inputs of a step."""

WEIGHTS_FILES = ("model.safetensors", "pytorch_model.bin")
"""The first one that the folder has."""


class RandomEncoder(Settings):
    """Size of an encoder of random weights."""

    kind: Literal["wav2vec2", "hubert", "wavlm"] = Field("wav2vec2", description="Its architecture")
    layers: int = decided(12, "Transformer layers.", "As the published base encoders have.", ge=1)
    width: int = decided(
        768, "Values of a frame.", "As the published base encoders have.", ge=16, multiple_of=16
    )
    heads: int = decided(12, "Attention heads.", "As the published base encoders have.", ge=1)
    channels: int = decided(
        512, "Channels of its convolutions.", "As the published encoders have.", ge=1
    )
    norm: Literal["group", "layer"] = decided(
        "group",
        "Whether its convolutions are normalised over the time of an item, as the base encoders "
        "are, or over the values of a frame, as the large ones are.",
        "As the published base encoders have.",
    )

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> RandomEncoder:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of {self.heads} heads")
        return self


class EncoderSettings(Settings):
    """The encoder, and how it is given sound."""

    weights: EncoderWeights = decided(
        "wavlm_base_plus",
        "Weights: published ones, those of a local folder, or random ones.",
        "The best of the base encoders on the benchmark SUPERB's emotions.",
    )
    folder: FilePath | None = Field(
        None,
        description="With weights: folder, one in the form of the library transformers: "
        "config.json with model.safetensors or pytorch_model.bin.",
    )
    random: RandomEncoder = RandomEncoder()
    normalise_sound: bool = decided(
        True,
        "Whether the sound of each item is brought to mean 0 and deviation 1.",
        "The library does so for all of them but WavLM's base encoder, and RAVDESS is recorded "
        "quietly.",
    )
    precision: Literal["float32", "bfloat16"] = decided(
        "float32",
        "Number format of the products in the transformer; weights are float32 either way.",
        "What bfloat16 does to accuracies has not been measured.",
    )

    @model_validator(mode="after")
    def _folder_where_it_is_meant(self) -> EncoderSettings:
        if (self.weights == "folder") != (self.folder is not None):
            raise ValueError("give folder with weights: folder, and only then")
        return self


class EncoderFamily(Family):
    """A family whose models start from such an encoder."""

    def weights(self, entry: Any, has: frozenset[str]) -> str | None:
        """The registered weights."""
        name = entry.settings.weights
        return None if name in ("folder", "random") else name

    def origin(self, entry: Any, has: frozenset[str]) -> Origin | None:
        """The local folder, where one is meant."""
        folder = entry.settings.folder
        return None if folder is None else Origin(f"encoder of the folder {folder}")

    def files(self, entry: Any, split: int | None) -> Mapping[str, str]:
        """The local folder's files."""
        if entry.settings.folder is None:
            return {}
        folder = Path(entry.settings.folder)
        there = [name for name in WEIGHTS_FILES if (folder / name).exists()]
        weights = folder / (there or WEIGHTS_FILES)[0]
        return {CONFIGURATION: str(folder / "config.json"), WEIGHTS: str(weights)}

    @abstractmethod
    def train(self, job: ModelJob) -> None:
        """Train one split."""
