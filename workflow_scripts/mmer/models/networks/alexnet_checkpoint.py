"""The published AlexNet checkpoint, loaded without running its pickle.

Source: torchvision's ``alexnet-owt-7be5be79.pth``, whose name ends in the first digits of its
sha256; a plain state dictionary of 1000 classes.
"""

from __future__ import annotations

from pathlib import Path

from torchvision.models import AlexNet

from mmer.models.networks.alexnet import LAST_LAYER, build_alexnet
from mmer.training.foreign_checkpoint import load_all_but, read_state, weights_given
from mmer.weights import Weights

_ADVICE = "use torchvision's alexnet-owt-7be5be79.pth"


def load_alexnet(network: AlexNet, path: Path, sha256_prefix: str) -> None:
    """Give a network the published weights; its last layer keeps its own.

    Parameters
    ----------
    network
        Of width 1 for the published file.
    path
        The checkpoint.
    sha256_prefix
        Its checksum, or the first eight digits of it or more.

    Raises
    ------
    UserError
        If the file is absent, has another checksum, holds anything but plain tensors, or is not
        this network: other names, shapes, types, or a value that is not finite.
    """
    state = read_state(path, sha256_prefix, _ADVICE)
    load_all_but(network, path, state, LAST_LAYER, _ADVICE)


def initial_alexnet(weights: str, width: float, classes: int, given: Weights | None) -> AlexNet:
    """The network before training, on the CPU; its last layer is new.

    Parameters
    ----------
    weights
        ``random``, or the name of published ones.
    width
        Factor on all channels.
    classes
        Size of the output.
    given
        The published weights' file, where they are asked for.

    Raises
    ------
    UserError
        If published weights are asked for and not given, or refused.
    """
    network = build_alexnet(classes, width)
    if weights != "random":
        load_alexnet(network, *weights_given(weights, given))
    return network
