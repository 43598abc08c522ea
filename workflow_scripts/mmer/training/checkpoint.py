"""Checkpoints of a training: nested dictionaries of tensors and numbers as one safetensors file.

The file holds no code: tensors lie flat under numbered names, and the tree around them is JSON in
the header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing


def write_checkpoint(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of dictionaries, lists, tensors and JSON values, atomically.

    Dictionary keys are strings or integers (an optimiser's state is keyed by integers).
    """
    tensors: dict[str, Tensor] = {}
    described = _describe(tree, tensors)
    with writing(path) as unfinished:
        save_file(tensors, unfinished, metadata={"tree": json.dumps(described)})


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what :func:`write_checkpoint` wrote; tensors come back on the CPU."""
    try:
        with safe_open(path, framework="pt") as stream:
            tree = _restore(json.loads(stream.metadata()["tree"]), stream)
        if not isinstance(tree, dict):
            raise TypeError("no dictionary")
        return tree
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise UserError(
            f"{path} is no checkpoint of a training ({type(error).__name__}): delete it, and the "
            "training begins anew"
        ) from error


def _describe(value: Any, tensors: dict[str, Tensor]) -> Any:
    """JSON for a value; tensors are moved to ``tensors`` and named by their number."""
    if isinstance(value, Tensor):
        name = f"{len(tensors):06d}"
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        keys = ["int" if isinstance(key, int) else "str" for key in value]
        items = [
            [kind, str(key), _describe(item, tensors)]
            for kind, (key, item) in zip(keys, value.items(), strict=True)
        ]
        return {"dict": items}
    if isinstance(value, list | tuple):
        return {"list": [_describe(item, tensors) for item in value]}
    return {"value": value}


def _restore(described: Any, stream: Any) -> Any:
    """The inverse of :func:`_describe`; tuples come back as lists."""
    kind, content = next(iter(described.items()))
    if kind == "tensor":
        return stream.get_tensor(content)
    if kind == "dict":
        return {
            int(key) if key_kind == "int" else key: _restore(item, stream)
            for key_kind, key, item in content
        }
    if kind == "list":
        return [_restore(item, stream) for item in content]
    return content


def write_model(path: Path, state: Mapping[str, Tensor], provenance: dict[str, str]) -> None:
    """Write a network's weights as safetensors, with where they come from in the header."""
    with writing(path) as unfinished:
        save_file(
            {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()},
            unfinished,
            metadata=provenance,
        )


def read_model(path: Path, device: torch.device) -> dict[str, Tensor]:
    """Read a network's weights onto a device."""
    with safe_open(path, framework="pt", device=str(device)) as stream:
        return {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
