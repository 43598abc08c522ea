"""Checkpoints published by others: verified before opening, read without running their pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import torch
from torch import Tensor

from mmer.runtime.errors import UserError
from mmer.weights import Weights

FEWEST_DIGITS = 8
"""Of a checksum; torchvision publishes as many."""

Network = TypeVar("Network", bound=torch.nn.Module)
Allowed = type | Callable[..., Any] | tuple[Any, str]
"""A class or function that a file may name, or one with the name that the file has for it."""


def weights_given(weights: str, given: Weights | None) -> tuple[Path, str]:
    """File and checksum of the published weights that the settings name; a UserError without."""
    if given is None or given.sha256 is None:
        raise UserError(
            f"the settings ask for the weights {weights}: give their file and its checksum, or set "
            "weights to random"
        )
    return given.path, given.sha256


def read_plain(
    path: Path, sha256: str | None, advice: str, allowed: Sequence[Allowed] = ()
) -> object:
    """The content of a file written by ``torch.save``: tensors, numbers, text, lists, dictionaries.

    A UserError if the file cannot be opened, has another checksum, is damaged, or names anything
    else.

    Parameters
    ----------
    path, sha256
        The file, and its published checksum, whole or the first digits; None where none was.
    advice
        What to do where the file is refused, ends the sentence.
    allowed
        What the file may name besides.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UserError(
            f"the weights {path} are missing or cannot be opened ({error.strerror}): {advice}"
        ) from error
    with stream:
        if sha256 is not None:
            _verify(path, stream, sha256)
        try:
            with torch.serialization.safe_globals(list(allowed)):
                return torch.load(stream, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged or hostile file can fail in any way
            raise UserError(
                f"{path} is not a checkpoint of plain tensors ({type(error).__name__}): {advice}"
            ) from error


def _verify(path: Path, stream: BinaryIO, sha256: str) -> None:
    """A UserError unless the bytes, which are then read from the same stream, are the published."""
    if len(sha256) < FEWEST_DIGITS:
        raise UserError(
            f"the sha256 {sha256!r} of {path} is too short: give {FEWEST_DIGITS} digits or more"
        )
    found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(sha256.lower()):
        raise UserError(
            f"{path} has sha256 {found}, not {sha256}: it is damaged or another file, so remove "
            "it and download it again"
        )
    stream.seek(0)


def read_state(
    path: Path,
    sha256: str | None,
    advice: str,
    key: str | None = None,
    allowed: Sequence[Allowed] = (),
) -> dict[str, Tensor]:
    """The state dictionary that a whole file is, or has under a key; see :func:`read_plain`."""
    state = read_plain(path, sha256, advice, allowed)
    if key is not None:
        state = state.get(key) if isinstance(state, Mapping) else None
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
    ):
        what = "is not a dictionary" if key is None else f"has no {key!r}"
        raise UserError(f"{path} {what} of named tensors: {advice}")
    return dict(state)


def start_from(
    network: Network,
    weights: str,
    given: Weights | None,
    load: Callable[[Network, Path, str], None],
) -> Network:
    """A network of random weights, given the published ones unless ``weights`` is ``random``."""
    if weights != "random":
        load(network, *weights_given(weights, given))
    return network


def load_state(
    network: torch.nn.Module,
    path: Path,
    state: Mapping[str, Tensor],
    advice: str,
    prefix: str = "",
    own: str | None = None,
    set_aside: Sequence[str] = (),
) -> None:
    """Give a network a file's weights.

    A UserError if the file has other names, shapes or types, or a value that is not finite; the
    network is then as it was.

    Parameters
    ----------
    prefix
        What the network's names begin with in the file.
    own
        Layer that the file lacks and the network keeps.
    set_aside
        What the file holds besides.
    """
    wanted = {
        prefix + name: tensor
        for name, tensor in network.state_dict().items()
        if own is None or not name.startswith(f"{own}.")
    }
    check_names(path, state, [*wanted, *set_aside], advice)
    for name, like in wanted.items():
        check_tensor(path, name, state, like, advice)
    chosen = {name.removeprefix(prefix): state[name] for name in wanted}
    network.load_state_dict(chosen, strict=own is None)


def check_names(path: Path, state: Mapping[str, Tensor], known: Sequence[str], advice: str) -> None:
    """A UserError where the file holds a tensor that is not known."""
    unknown = sorted(state.keys() - set(known))
    if unknown:
        raise UserError(f"{path} holds {unknown[0]!r}, which the network does not have: {advice}")


def check_tensor(
    path: Path,
    name: str,
    state: Mapping[str, Tensor],
    like: Tensor,
    advice: str,
    any_length: bool = False,
) -> None:
    """A UserError unless a tensor is there, of the same shape and type, and finite.

    With ``any_length`` the first axis may be of any length, as that of another number of classes.
    """
    found = state.get(name)
    if found is None:
        raise UserError(f"{path} lacks {name}: {advice}")
    if found.layout is not torch.strided or found.device.type != "cpu":
        raise UserError(f"{path}: {name} is no dense tensor with values: {advice}")
    expected = tuple(like.shape)
    if any_length and found.ndim == like.ndim:
        expected = (len(found), *expected[1:])
    if tuple(found.shape) != expected or found.dtype != like.dtype:
        raise UserError(
            f"{path}: {name} is {tuple(found.shape)} {found.dtype} instead of {expected} "
            f"{like.dtype}: {advice}"
        )
    if not torch.isfinite(found).all():
        raise UserError(f"{path}: {name} holds a value that is not finite: {advice}")


def load_all_but(
    network: torch.nn.Module, path: Path, state: Mapping[str, Tensor], last_layer: str, advice: str
) -> None:
    """Give a network a file's weights, all but the last layer's, which keeps its own.

    The file has a last layer too, of any number of classes.

    A UserError if the file has other names, shapes or types, or a value that is not finite; the
    network is then as it was.
    """
    own = network.state_dict()
    exchanged = {name for name in own if name.startswith(f"{last_layer}.")}
    for name, like in own.items():
        check_tensor(path, name, state, like, advice, any_length=name in exchanged)
    lengths = {len(state[name]) for name in exchanged}
    if len(lengths) > 1 or 0 in lengths:
        raise UserError(
            f"{path}: {last_layer} has no weight and bias of the same classes: {advice}"
        )
    check_names(path, state, list(own), advice)
    network.load_state_dict({name: (own if name in exchanged else state)[name] for name in own})


def load_exactly(network: torch.nn.Module, model: str, state: Mapping[str, Tensor]) -> None:
    """Give a network all its weights of a finished run, as suspiciously as a download."""
    load_state(network, Path(f"what is kept of {model}"), state, "export the run again")
