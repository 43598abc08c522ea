"""Where an encoder's configuration and weights come from: published, a local folder, or random."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from mmer.media.checksums import verify
from mmer.models.base import ModelJob
from mmer.models.networks.speech_encoder import KINDS, EncoderConfiguration, SpeechEncoder
from mmer.models.speech_encoder_settings import (
    CONFIGURATION,
    WEIGHTS,
    EncoderSettings,
    RandomEncoder,
)
from mmer.runtime.errors import UserError
from mmer.training.foreign_checkpoint import check_tensor, read_state

log = logging.getLogger(__name__)

LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}
"""In what the large encoders differ from the library's defaults, which are the base ones'."""

PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "wav2vec2_base": ("wav2vec2", {}),
    "wav2vec2_large_english": (
        "wav2vec2",
        {
            **LARGE,
            "conv_bias": True,
            "activation_dropout": 0.05,
            "feat_proj_dropout": 0.05,
            "hidden_dropout": 0.05,
            "layerdrop": 0.05,
        },
    ),
    "hubert_base": ("hubert", {}),
    "hubert_large": ("hubert", {**LARGE, "conv_bias": True}),
    "wavlm_base_plus": ("wavlm", {}),
    "wavlm_large": ("wavlm", LARGE),
}
"""Architecture of registered weights, as their published configurations say."""

WEIGHT_NORM = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}
"""How torch named the parts of a normalised weight, and names them now."""

MASKED = "masked_spec_embed"
"""What stands for frames that training hides; a file may lack it."""

_ADVICE = "use the registered weights, or a folder that the library transformers wrote"


def load_encoder(settings: EncoderSettings, job: ModelJob) -> SpeechEncoder:
    """The encoder that the settings name, on the CPU; random weights are drawn from torch's own."""
    reduced = settings.precision == "bfloat16"
    if settings.weights == "random":
        return SpeechEncoder(random_configuration(settings.random), reduced)
    if settings.weights == "folder":
        configuration = read_configuration(job.one(CONFIGURATION))
        path, sha256 = job.one(WEIGHTS), None
    else:
        if job.weights is None:
            raise UserError(f"the weights {settings.weights} were not given: {_ADVICE}")
        kind, differences = PUBLISHED[settings.weights]
        configuration = KINDS[kind][0](**differences)
        path, sha256 = job.weights.path, job.weights.sha256
    encoder = SpeechEncoder(configuration, reduced)
    give_weights(encoder, path, sha256)
    return encoder


def random_configuration(size: RandomEncoder) -> EncoderConfiguration:
    """The configuration of an encoder of some size."""
    large = size.norm == "layer"
    return KINDS[size.kind][0](
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        conv_dim=[size.channels] * 7,
        feat_extract_norm=size.norm,
        do_stable_layer_norm=large,
    )


def read_configuration(path: Path) -> EncoderConfiguration:
    """The configuration in a local folder."""
    try:
        told = json.loads(path.read_text("utf-8"))
        kind = told["model_type"]
        if kind not in KINDS or told.get("add_adapter"):
            raise ValueError(f"{kind} is no known encoder without an adapter")
        return KINDS[kind][0].from_dict(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} configures no encoder of speech ({error}): {_ADVICE}") from error


def give_weights(encoder: SpeechEncoder, path: Path, sha256: str | None) -> None:
    """Give an encoder the weights of a file.

    The file may hold more than the encoder: what was put on top of it is left out.

    A UserError if the file has another checksum, lacks a tensor, or has one of another shape or
    type, or a value that is not finite.
    """
    if sha256 is None:
        log.warning("%s has no published checksum, so its bytes are not verified", path)
    state = encoder_state(_tensors_of(path, sha256), encoder.configuration.model_type)
    own = encoder.state_dict()
    # The library keeps both halves in one network, the convolutions under a name of their own.
    theirs = {_library_name(name): name for name in own}
    state = {MASKED: own[f"transformer.{MASKED}"], **state}
    for name, mine in theirs.items():
        check_tensor(path, name, state, own[mine], _ADVICE)
    encoder.load_state_dict({mine: state[name] for name, mine in theirs.items()})


def _tensors_of(path: Path, sha256: str | None) -> dict[str, Tensor]:
    """The named tensors of a file, of ``safetensors`` by its ending, else of ``torch.save``."""
    if path.suffix != ".safetensors":
        return read_state(path, sha256, _ADVICE)
    if sha256 is not None:
        verify(path, f"sha256:{sha256}")
    try:
        return load_file(path)
    except Exception as error:  # a damaged or hostile file can fail in any way
        raise UserError(
            f"{path} is no file of safetensors ({type(error).__name__}): {_ADVICE}"
        ) from error


def _library_name(name: str) -> str:
    """What the library calls one of an encoder's tensors."""
    half, _, rest = name.partition(".")
    return rest if half == "transformer" else f"feature_extractor.{rest}"


def encoder_state(state: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """The encoder's part of a file, under the names that torch now gives."""
    inside = {name: tensor for name, tensor in state.items() if name.startswith(f"{kind}.")}
    found = {}
    for name, tensor in (inside or state).items():
        whole = name.removeprefix(f"{kind}.")
        stem, _, last = whole.rpartition(".")
        found[f"{stem}.{WEIGHT_NORM[last]}" if last in WEIGHT_NORM else whole] = tensor
    return found
