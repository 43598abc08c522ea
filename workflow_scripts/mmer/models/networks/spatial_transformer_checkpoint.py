"""Trained spatial transformers: the published checkpoint, and starting from any trained one."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model
from mmer.training.foreign_checkpoint import load_all_but, load_state, read_state

log = logging.getLogger(__name__)

LAST_LAYER = "fc2"
_PUBLISHED = "use the published spatial transformer of the registry, or set weights to random"
_TRAINED = "give a spatial transformer that this workflow trained or imported"


def read_published(path: Path, sha256: str | None) -> GuidedSpatialTransformer:
    """A published network in evaluation mode, loaded without running its pickle.

    A UserError if the file is not such a checkpoint: another checksum, anything but plain tensors,
    other names, shapes or types, or a value that is not finite.

    Parameters
    ----------
    path
        A state dictionary written by ``torch.save``.
    sha256
        Its checksum, or None where none was published; that is logged.
    """
    if sha256 is None:
        log.warning("%s has no published checksum, so its bytes are not verified", path)
    return _network_of(path, read_state(path, sha256, _PUBLISHED), _PUBLISHED).eval()


def start_from(network: GuidedSpatialTransformer, path: Path) -> None:
    """Give a network the weights of a trained one; its last layer keeps its own.

    Source: paper section 3.3.2, the last layer of three neurons is exchanged.

    A UserError if the file is not such a network; the network is then as it was.

    The network has any number of classes and lies on the CPU.
    """
    load_all_but(network, path, _read_trained(path), LAST_LAYER, _TRAINED)


def read_spatial_transformer(path: Path, device: torch.device) -> GuidedSpatialTransformer:
    """A trained network on a device, in evaluation mode, with as many classes as the file has."""
    return move_to(_network_of(path, _read_trained(path), _TRAINED), device).eval()


def _network_of(path: Path, state: dict[str, Tensor], advice: str) -> GuidedSpatialTransformer:
    """The network that a file's weights are of, on the CPU, with as many classes as they have."""
    bias = state.get(f"{LAST_LAYER}.bias")
    if bias is None or bias.ndim != 1 or not len(bias):
        raise UserError(f"{path} has no layer {LAST_LAYER} of classes: {advice}")
    network = GuidedSpatialTransformer(classes=len(bias))
    load_state(network, path, state, advice)
    return network


def _read_trained(path: Path) -> dict[str, Tensor]:
    try:
        return read_model(path, torch.device("cpu"))
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} holds no trained network ({reason}): {_TRAINED}") from error
