"""The published MSI-Net, a TensorFlow SavedModel, converted once and compared with the original.

Source: ``alexanderkroner/MSI-Net`` on Hugging Face, ``saved_model.pb``, which holds the weights as
constants.  A SavedModel is a program, so its checksum is verified before TensorFlow sees it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mmer.media.checksums import verify
from mmer.media.msi_net import MsiNet
from mmer.media.msi_net_frames import INPUT_SIZE
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.runtime.writing import writing
from mmer.training.checkpoint import write_model

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

log = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
"""Between maps in [0, 1] of the original and the converted network: a quarter of a grey level."""

_SEED = 2020
_ADVICE = "use the published saved_model.pb of the registry"


class ConversionJob(Job):
    """What the conversion of ``saved_model.pb`` into safetensors is told."""

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
    """A state of :class:`~mmer.media.msi_net.MsiNet` with the weights of the published network.

    A UserError if the file has another checksum, is no SavedModel, holds another network or values
    that are not finite, or gives another map than the converted network.
    """
    image = np.random.default_rng(_SEED).uniform(0, 255, (1, *INPUT_SIZE, 3)).astype(np.float32)
    graph, output, expected = _original(saved_model, sha256, image)
    try:
        network = _network(convolutions_of(graph, output), width)
        _compare(expected, network, image)
    except ValueError as error:
        raise UserError(
            f"{saved_model} is not the graph of MSI-Net ({error}): {_ADVICE}"
        ) from error
    return network.state_dict()


def _original(
    saved_model: Path, sha256: str, image: np.ndarray
) -> tuple[GraphDef, str, np.ndarray]:
    """The served function: its flat graph, the name of its output, and its map of an image."""
    verify(saved_model, f"sha256:{sha256}")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "saved_model.pb"
        with writing(copied) as unfinished:
            shutil.copyfile(saved_model, unfinished)
        verify(copied, f"sha256:{sha256}")  # what is opened, whoever may write beside us
        try:
            # TensorFlow asks for this file even where there are no variables.
            tf.train.Checkpoint().write(f"{folder}/variables/variables")
            loaded = tf.saved_model.load(folder)
            frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
            (output,) = frozen.outputs
            (maps,) = frozen(tf.constant(image))
        except Exception as error:  # TensorFlow fails in many ways on a file that it cannot use
            raise UserError(
                f"{saved_model} is no SavedModel that makes one map of one image "
                f"({type(error).__name__}): {_ADVICE}"
            ) from error
    return frozen.graph.as_graph_def(), output.op.name, maps.numpy()


def convolutions_of(graph: GraphDef, output: str) -> list[list[np.ndarray]]:
    """Kernel and bias of every convolution, each after those that it depends on itself.

    Names play no part: they differ between exports of the same network, what is computed does not.
    Where a node joins branches, they come in the order in which it joins them.  The graph is flat,
    with constants in place of variables; of it come ``(height, width, inputs, outputs)`` and
    ``(outputs,)``, or the first alone where nothing is added.

    A ValueError if a kernel or bias is not a constant.
    """
    nodes = {node.name: node for node in graph.node}
    found: list[list[np.ndarray]] = []
    for node in _in_order(nodes, output):
        if node.op == "Conv2D":
            found.append([_constant(nodes, _inputs(node)[1])])
        elif node.op in ("BiasAdd", "Add", "AddV2") and found and len(found[-1]) == 1:
            found[-1].append(_constant(nodes, _inputs(node)[1]))
    return found


def _inputs(node: NodeDef) -> list[str]:
    """Names of the nodes whose values a node takes, without the number of the output."""
    return [name.partition(":")[0] for name in node.input if not name.startswith("^")]


def _in_order(nodes: dict[str, NodeDef], output: str) -> Iterator[NodeDef]:
    """Nodes that the output depends on, depth first, inputs before what takes them."""
    begun: set[str] = set()
    stack = [(output, False)]
    while stack:
        name, inputs_done = stack.pop()
        if inputs_done:
            yield nodes[name]
        elif name not in begun:
            begun.add(name)
            stack.append((name, True))
            stack.extend((source, False) for source in reversed(_inputs(nodes[name])))


def _constant(nodes: dict[str, NodeDef], name: str) -> np.ndarray:
    """The value of a constant, through what only hands it on."""
    import tensorflow as tf

    node = nodes[name]
    while node.op == "Identity":
        node = nodes[_inputs(node)[0]]
    if node.op != "Const":
        raise ValueError(f"{name} is {node.op} and no constant")
    return tf.make_ndarray(node.attr["value"].tensor)


def _network(found: list[list[np.ndarray]], width: float) -> MsiNet:
    """Our network with the graph's values; a ValueError where they are not of its form."""
    network = MsiNet(width).eval()
    if len(found) != len(network.layers):
        raise ValueError(f"it holds {len(found)} convolutions instead of {len(network.layers)}")
    for (name, layer), values in zip(network.layers.items(), found, strict=True):
        if len(values) < 2:
            raise ValueError(f"{name} has no bias")
        kernel, bias = values
        for value, ours in ((kernel.transpose(3, 2, 0, 1), layer.weight), (bias, layer.bias)):
            if value.shape != ours.shape:
                raise ValueError(
                    f"{name} has values of shape {value.shape} instead of {tuple(ours.shape)}"
                )
            if value.dtype != np.float32 or not np.isfinite(value).all():
                raise ValueError(f"{name} holds a value that is not finite float32")
            ours.data.copy_(torch.from_numpy(value.copy()))
    return network


def _compare(expected: np.ndarray, network: MsiNet, image: np.ndarray) -> None:
    """A ValueError unless both networks see the same in an image of noise."""
    with torch.inference_mode():
        converted = network(torch.from_numpy(image).permute(0, 3, 1, 2)).numpy()
    difference = float(np.abs(expected.reshape(converted.shape) - converted).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ValueError(
            f"it and its conversion give maps that differ by {difference:.2g}, more than "
            f"{LARGEST_DIFFERENCE:g}"
        )
    log.info("maps of the original and the converted network differ by %.2g at most", difference)
