"""Weights of a finished run given back to its networks, as suspiciously as a download."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from mmer.training.foreign_checkpoint import check_names, check_tensor


def load_exactly(network: nn.Module, model: str, state: Mapping[str, Tensor]) -> None:
    """Give a network all its weights.

    Raises
    ------
    UserError
        If they have other names, shapes or types, or a value that is not finite; the network is
        then as it was.
    """
    where, advice = Path(f"what is kept of {model}"), "export the run again"
    own = network.state_dict()
    for name, like in own.items():
        check_tensor(where, name, state, like, advice)
    check_names(where, state, list(own), advice)
    network.load_state_dict(dict(state))
