"""The convolutions of a TensorFlow graph, in the order in which its output needs them.

Names play no part: they differ between exports of the same network, what is computed does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

_PASSING = ("BatchToSpaceND", "Identity", "Transpose")
"""Operations that may lie between a convolution and its bias."""
_ADDING = ("BiasAdd", "Add", "AddV2")


@dataclass(frozen=True)
class GraphConvolution:
    """A convolution as a graph holds it.

    Attributes
    ----------
    kernel
        ``(height, width, inputs, outputs)``.
    bias
        ``(outputs,)``, or None where none is added.
    dilation
        Distance of the kernel's points.
    """

    kernel: np.ndarray
    bias: np.ndarray | None
    dilation: int


def convolutions_of(graph: GraphDef, output: str) -> list[GraphConvolution]:
    """Every convolution that an output depends on, each after those that it depends on itself.

    Where a node joins branches, they come in the order in which it joins them.

    Parameters
    ----------
    graph
        Flat, with constants in place of variables.
    output
        Name of a node.

    Raises
    ------
    ValueError
        If a convolution's kernel or dilation is not a constant.
    """
    nodes = {node.name: node for node in graph.node}
    needed = list(_in_order(nodes, output))
    users: dict[str, list[NodeDef]] = {}
    for node in needed:
        for name in _inputs(node):
            users.setdefault(name, []).append(node)
    return [
        GraphConvolution(
            kernel=_constant(nodes, _inputs(node)[1]),
            bias=_bias(nodes, users, node),
            dilation=_dilation(nodes, node),
        )
        for node in needed
        if node.op == "Conv2D"
    ]


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


def _dilation(nodes: dict[str, NodeDef], convolution: NodeDef) -> int:
    """Dilation, whether an attribute or made by moving space to the batch."""
    before = nodes[_inputs(convolution)[0]]
    if before.op == "SpaceToBatchND":
        return int(_constant(nodes, _inputs(before)[1]).max())
    return max(convolution.attr["dilations"].list.i, default=1)


def _bias(
    nodes: dict[str, NodeDef], users: dict[str, list[NodeDef]], convolution: NodeDef
) -> np.ndarray | None:
    """What is added to a convolution's output, as one number per channel."""
    node = convolution
    while len(taking := users.get(node.name, [])) == 1:
        following = taking[0]
        if following.op in _ADDING:
            (other,) = [name for name in _inputs(following) if name != node.name]
            return _constant(nodes, other).reshape(-1)
        if following.op not in _PASSING:
            return None
        node = following
    return None
