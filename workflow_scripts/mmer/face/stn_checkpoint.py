"""The published checkpoint of the guided spatial transformer, loaded without running its pickle."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mmer.acquire.checksums import verify
from mmer.errors import UserError
from mmer.face.spatial_transformer import GuidedSpatialTransformer

log = logging.getLogger(__name__)

_ADVICE = "use the published spatial transformer of the registry, or set weights to random"


def load_spatial_transformer(
    network: GuidedSpatialTransformer, path: Path, sha256: str | None
) -> None:
    """Give a network the published weights; its last layer keeps its own.

    Source: paper section 3.3.2, the last layer of three neurons is exchanged.

    Parameters
    ----------
    network
        Any number of classes.
    path
        A state dictionary written by ``torch.save``.
    sha256
        Its checksum, or None where none was published; that is logged.

    Raises
    ------
    UserError
        If the file is not such a checkpoint: another checksum, anything but plain tensors, other
        names, shapes or types, or a value that is not finite.
    """
    if not path.is_file():
        raise UserError(f"the weights {path} are missing: {_ADVICE}")
    if sha256 is None:
        log.warning("%s has no published checksum, so its bytes are not verified", path)
    else:
        verify(path, f"sha256:{sha256}")
    state = _read(path)
    own = network.state_dict()
    for name, expected in own.items():
        _check(path, name, state.get(name), expected)
    unknown = sorted(state.keys() - own.keys())
    if unknown:
        raise UserError(f"{path} holds {unknown[0]}, which the network does not have: {_ADVICE}")
    exchanged = {name: own[name] for name in own if _of_last_layer(name)}
    network.load_state_dict({**state, **exchanged})


def _read(path: Path) -> dict[str, Tensor]:
    """The state dictionary of a file, plain tensors only."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile file can fail in any way
        raise UserError(
            f"{path} is not a checkpoint of plain tensors ({type(error).__name__}): {_ADVICE}"
        ) from error
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    ):
        raise UserError(f"{path} is not a dictionary of named tensors: {_ADVICE}")
    return dict(content)


def _of_last_layer(name: str) -> bool:
    return name.startswith("fc2.")


def _check(path: Path, name: str, found: Tensor | None, expected: Tensor) -> None:
    """A UserError unless a tensor is there, of the same shape and type, and finite.

    The last layer may have any number of classes.
    """
    if found is None:
        raise UserError(f"{path} lacks {name}: {_ADVICE}")
    if _of_last_layer(name) and found.ndim == expected.ndim:
        expected = expected[:1].expand(len(found), *expected.shape[1:])
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise UserError(
            f"{path}: {name} is {tuple(found.shape)} {found.dtype} instead of "
            f"{tuple(expected.shape)} {expected.dtype}: {_ADVICE}"
        )
    if not torch.isfinite(found.double()).all():
        raise UserError(f"{path}: {name} holds a value that is not finite: {_ADVICE}")
