"""The published MSI-Net, a TensorFlow SavedModel, converted once and compared with the original.

Source: ``alexanderkroner/MSI-Net`` on Hugging Face.  The weights lie in ``saved_model.pb`` as
constants; a file that keeps them as variables is read too, from the folder ``variables`` beside it.
A SavedModel is a program, so its checksum is verified before TensorFlow sees it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmer.media.checksums import verify
from mmer.media.msi_net import Convolution, MsiNet, convolutions
from mmer.media.msi_net_frames import INPUT_SIZE
from mmer.media.msi_net_graph import GraphConvolution, convolutions_of
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.training.checkpoint import write_model

log = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
"""Between maps in [0, 1] of the original and the converted network: a quarter of a grey level."""

SIGNATURE = "serving_default"
_ADVICE = "use the published saved_model.pb of the registry"
_SEED = 2020


class ConversionJob(Job):
    """What the conversion is told.

    Attributes
    ----------
    saved_model, sha256
        The published ``saved_model.pb`` and its checksum.
    width
        Factor on all channels.
    out
        Where the converted weights go, as safetensors.
    """

    saved_model: Path
    sha256: str
    width: float = 1.0
    out: Path


def convert_msi_net(job: ConversionJob) -> None:
    """Verify, convert, compare, write."""
    state = convert(job.saved_model, job.sha256, job.width)
    provenance = {
        "converted_from": job.saved_model.name,
        "converted_from_sha256": job.sha256,
        "width": job.width,
    }
    write_model(job.out, state, {"provenance": json.dumps(provenance)})


def convert(saved_model: Path, sha256: str, width: float = 1.0) -> dict[str, Tensor]:
    """The weights of the published network for ours.

    Parameters
    ----------
    saved_model
        ``saved_model.pb``.
    sha256
        Its published checksum.
    width
        Factor on all channels; 1 for the published file.

    Returns
    -------
    dict
        A state of :class:`~mmer.media.msi_net.MsiNet`.

    Raises
    ------
    UserError
        If the file has another checksum, is no SavedModel, holds another network or values that
        are not finite, or gives other maps than the converted network.
    """
    with _verified_folder(saved_model, sha256) as folder:
        graph, output, original = _frozen(saved_model, folder)
        state = _state(saved_model, graph, output, width)
        _compare(saved_model, original, state, width)
    return state


@contextmanager
def _verified_folder(saved_model: Path, sha256: str) -> Iterator[Path]:
    """A folder of our own with the verified file, so that nobody exchanges it before it is read."""
    if not saved_model.is_file():
        raise UserError(f"{saved_model} is missing: download it again or name where it lies")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy = Path(shutil.copy(saved_model, folder / "saved_model.pb"))
        try:
            verify(copy, f"sha256:{sha256}")
        except UserError as error:
            raise UserError(str(error).replace(str(copy), str(saved_model))) from error
        variables = saved_model.parent / "variables"
        if variables.is_dir():
            shutil.copytree(variables, folder / "variables")
        yield folder


def _frozen(saved_model: Path, folder: Path) -> tuple[Any, str, Callable[[np.ndarray], np.ndarray]]:
    """The served function: its flat graph, the name of its output, and itself."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    try:
        if not (folder / "variables").is_dir():
            # TensorFlow asks for this file even where there are no variables.
            tf.train.Checkpoint().write(str(folder / "variables" / "variables"))
        loaded = tf.saved_model.load(str(folder))  # holds the variables, so it must outlive them
        frozen = convert_variables_to_constants_v2(loaded.signatures[SIGNATURE])
        (output,) = frozen.outputs
        (_,) = frozen.inputs
    except Exception as error:  # TensorFlow fails in many ways on a file that it cannot use
        raise UserError(
            f"{saved_model} is no SavedModel with a signature {SIGNATURE} of one input and one "
            f"output, or lacks its variables ({type(error).__name__}): {_ADVICE}, or put the "
            "folder variables published with it beside it"
        ) from error

    def original(images: np.ndarray) -> np.ndarray:
        (maps,) = frozen(tf.constant(images))
        return maps.numpy()

    return frozen.graph.as_graph_def(), output.op.name, original


def _state(saved_model: Path, graph: Any, output: str, width: float) -> dict[str, Tensor]:
    """The graph's convolutions under our names."""
    try:
        found = convolutions_of(graph, output)
    except ValueError as error:
        raise UserError(
            f"{saved_model} is not the graph of MSI-Net ({error}): {_ADVICE}"
        ) from error
    expected = convolutions(width)
    if len(found) != len(expected):
        raise UserError(
            f"{saved_model} holds {len(found)} convolutions instead of {len(expected)}: {_ADVICE}"
        )
    state = {}
    for (name, layer), convolution in zip(expected.items(), found, strict=True):
        if reason := _another(layer, convolution):
            raise UserError(f"{saved_model}: {name} {reason}: {_ADVICE}")
        kernel = torch.from_numpy(np.ascontiguousarray(convolution.kernel.transpose(3, 2, 0, 1)))
        state[f"layers.{name}.weight"] = kernel
        state[f"layers.{name}.bias"] = torch.from_numpy(np.array(convolution.bias))
    return state


def _another(layer: Convolution, found: GraphConvolution) -> str | None:
    """What tells a convolution from the expected one; None where nothing does."""
    shape = (layer.kernel, layer.kernel, layer.inputs, layer.outputs)
    if found.kernel.shape != shape:
        return f"has a kernel of shape {found.kernel.shape} instead of {shape}"
    if found.bias is None or found.bias.shape != (layer.outputs,):
        return f"has no bias of {layer.outputs} values"
    if found.dilation != layer.dilation:
        return f"has dilation {found.dilation} instead of {layer.dilation}"
    for values in (found.kernel, found.bias):
        if values.dtype != np.float32:
            return f"holds {values.dtype} instead of float32"
        if not np.isfinite(values).all():
            return "holds a value that is not finite"
    return None


def _compare(
    saved_model: Path,
    original: Callable[[np.ndarray], np.ndarray],
    state: dict[str, Tensor],
    width: float,
) -> None:
    """A UserError unless both networks see the same in one image of noise."""
    network = MsiNet(width).eval()
    network.load_state_dict(state)
    image = np.random.default_rng(_SEED).uniform(0, 255, (1, *INPUT_SIZE, 3)).astype(np.float32)
    with torch.inference_mode():
        converted = network(torch.from_numpy(image).permute(0, 3, 1, 2)).numpy()
    try:
        expected = original(image)
    except Exception as error:  # as in _frozen
        raise UserError(
            f"{saved_model} cannot be run on an image ({type(error).__name__}): {_ADVICE}"
        ) from error
    if expected.size != converted.size:
        raise UserError(
            f"{saved_model} gives a map of shape {expected.shape} for an image of {INPUT_SIZE}: "
            f"{_ADVICE}"
        )
    difference = float(np.abs(expected.reshape(converted.shape) - converted).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise UserError(
            f"{saved_model} and its conversion give maps that differ by {difference:.2g}, more "
            f"than {LARGEST_DIFFERENCE:g}: {_ADVICE}"
        )
    log.info("maps of the original and the converted network differ by %.2g at most", difference)
