"""The reference implementation of CNN-14, from the public package ``panns-inference`` (MIT).

The package is installed for the benchmark only (``envs/benchmark.lock``); the workflow never
imports it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

import torch
from torch import Tensor, nn

PACKAGE = "panns_inference"
FRONT_END = {
    "sample_rate": 16_000,
    "window_size": 512,
    "hop_size": 160,
    "mel_bins": 64,
    "fmin": 50,
    "fmax": 8_000,
}
"""The settings of the checkpoint ``Cnn14_16k``."""
AUDIOSET_CLASSES = 527


class ReferenceAbsent(Exception):
    """The packages of ``envs/benchmark.lock`` are not installed."""


def reference_models() -> ModuleType:
    """The package's module of networks, without running the package itself.

    Importing the package would download a table of labels into the home folder.  An empty package
    of that name in its place lets the module's own imports work.

    Raises
    ------
    ReferenceAbsent
        If the package or what it needs is not installed.
    """
    if PACKAGE not in sys.modules:
        found = importlib.util.find_spec(PACKAGE)
        if found is None:
            raise ReferenceAbsent(f"{PACKAGE} is not installed: run make bench")
        sys.modules[PACKAGE] = importlib.util.module_from_spec(found)
    try:
        return importlib.import_module(f"{PACKAGE}.models")
    except ModuleNotFoundError as error:
        raise ReferenceAbsent(f"{error.name} is not installed: run make bench") from error


def reference_network() -> nn.Module:
    """The published CNN-14 for 16 kHz with random weights: waveforms to AudioSet's 527 classes."""
    return reference_models().Cnn14(**FRONT_END, classes_num=AUDIOSET_CLASSES)


class ReferenceTransfer(nn.Module):
    """The published network under a new linear layer, as its authors transfer it.

    Shapes
    ------
    waveforms ``(batch, samples)``, mixing ``(batch / 2,)`` → log-probabilities
    ``(batch / 2, classes)``; batch without mixing.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.base = reference_network()
        self.head = nn.Linear(self.base.fc1.out_features, classes)

    def forward(self, waveforms: Tensor, mixing: Tensor | None = None) -> Tensor:
        shares = None if mixing is None else torch.stack([mixing, 1 - mixing], dim=1).flatten()
        embedding = self.base(waveforms, shares)["embedding"]
        return self.head(embedding).log_softmax(dim=1)


def our_state(reference: nn.Module) -> dict[str, Tensor]:
    """The weights of a reference network under the names of ours."""
    ours = {}
    for name, tensor in reference.state_dict().items():
        part, _, rest = name.partition(".")
        if part == "fc_audioset":
            ours[f"classifier.{rest}"] = tensor
        elif part not in ("spectrogram_extractor", "logmel_extractor"):
            ours[name] = tensor
    return ours
