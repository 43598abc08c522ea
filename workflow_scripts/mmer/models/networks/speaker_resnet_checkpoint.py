"""The published weights of WeSpeaker's ResNet34: verified before opening, no pickle run.

WeSpeaker's own file has no published checksum; that of pyannote, which holds the same weights
beside a description of them, has.  Its four kinds of description are read as empty objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmer.models.networks.speaker_resnet import SpeakerResnet
from mmer.runtime.errors import UserError
from mmer.training.foreign_checkpoint import (
    are_named_tensors,
    check_names,
    check_tensor,
    read_plain,
    weights_given,
)
from mmer.weights import Weights

PREFIX = "resnet."
_ADVICE = "use pytorch_model.bin of pyannote/wespeaker-voxceleb-resnet34-LM"


class _Description:
    """Stands for whatever describes the weights, whose code is not here."""

    def __new__(cls, *_: object) -> _Description:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        pass


DESCRIPTIONS = [
    (_Description, f"{module}.{name}")
    for module, name in (
        ("torch.torch_version", "TorchVersion"),
        ("pyannote.audio.core.task", "Specifications"),
        ("pyannote.audio.core.task", "Problem"),
        ("pyannote.audio.core.task", "Resolution"),
    )
]
"""The only names in the file besides tensors and plain data."""


def start_from(network: SpeakerResnet, weights: str, given: Weights | None) -> SpeakerResnet:
    """A network of random weights, given the published ones unless ``weights`` is ``random``.

    Raises
    ------
    UserError
        If published weights are asked for and not given, or refused.
    """
    if weights != "random":
        load_wespeaker(network, *weights_given(weights, given))
    return network


def load_wespeaker(network: SpeakerResnet, path: Path, sha256: str) -> None:
    """Give a network the published weights.

    Raises
    ------
    UserError
        If the file is absent, has another checksum, holds anything but plain data, or is not this
        network: other names, shapes, types, or a value that is not finite.
    """
    content = read_plain(path, sha256, _ADVICE, allowed=DESCRIPTIONS)
    state = content.get("state_dict") if isinstance(content, Mapping) else None
    if not are_named_tensors(state):
        raise UserError(f"{path} has no 'state_dict' of named tensors: {_ADVICE}")
    own = {PREFIX + name: tensor for name, tensor in network.state_dict().items()}
    check_names(path, state, list(own), _ADVICE)
    for name, like in own.items():
        check_tensor(path, name, state, like, _ADVICE)
    network.load_state_dict({name.removeprefix(PREFIX): state[name] for name in own})
