"""The published weights of WeSpeaker's ResNet34: verified before opening, no pickle run.

WeSpeaker's own file has no published checksum; that of pyannote, which holds the same weights
beside a description of them, has.  Its four kinds of description are read as empty objects.
"""

from __future__ import annotations

from pathlib import Path

from mmer.models.networks.speaker_resnet import SpeakerResnet
from mmer.training.foreign_checkpoint import load_state, read_state

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


def load_wespeaker(network: SpeakerResnet, path: Path, sha256: str) -> None:
    """Give a network the published weights."""
    state = read_state(path, sha256, _ADVICE, "state_dict", DESCRIPTIONS)
    load_state(network, path, state, _ADVICE, PREFIX)
