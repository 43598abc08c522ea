"""The published checkpoint of the guided spatial transformer, loaded without running its pickle."""

from __future__ import annotations

import logging
from pathlib import Path

from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.training.foreign_checkpoint import load_all_but, read_state

log = logging.getLogger(__name__)

LAST_LAYER = "fc2"
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
    if sha256 is None:
        log.warning("%s has no published checksum, so its bytes are not verified", path)
    state = read_state(path, sha256, _ADVICE)
    load_all_but(network, path, state, LAST_LAYER, _ADVICE)
