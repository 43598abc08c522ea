"""Encoders of speech of a few thousand weights, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from mmer.models.networks.encoder_weights import random_configuration
from mmer.models.networks.speech_encoder import KINDS, SpeechEncoder
from mmer.models.speech_encoder_settings import RandomEncoder

TINY = {"layers": 2, "width": 16, "heads": 2, "channels": 8}
LENGTHS = (9000, 16_000, 12_345)
"""Samples of three items."""


def sizes(kind: str, norm: str = "group") -> RandomEncoder:
    """The size of a tiny encoder."""
    return RandomEncoder(kind=kind, norm=norm, **TINY)


def library_network(kind: str, norm: str, **differences: Any) -> nn.Module:
    """The library's own network."""
    configuration = random_configuration(sizes(kind, norm))
    for name, value in differences.items():
        setattr(configuration, name, value)
    torch.manual_seed(4)
    return KINDS[kind][1](configuration).eval()


def of_library(network: nn.Module) -> SpeechEncoder:
    """The project's encoder with the weights of a network of the library."""
    encoder = SpeechEncoder(network.config).eval()
    encoder.convolutions.load_state_dict(network.feature_extractor.state_dict())
    theirs = network.state_dict()
    encoder.transformer.load_state_dict(
        {name: theirs[name] for name in encoder.transformer.state_dict()}
    )
    return encoder


def waveforms() -> list[np.ndarray]:
    """Noise of several lengths, int16."""
    random = np.random.default_rng(3)
    return [random.normal(100, 3000, length).astype(np.int16) for length in LENGTHS]
