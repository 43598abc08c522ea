"""MSI-Net in TensorFlow, as published: for comparison with ours, with random weights.

Source: Kroner et al. 2020, section 3.1, and the repository published with it.  It is saved in two
layouts, because the published one is described differently in different places: weights as
constants under a function or in a flat graph.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import tensorflow as tf

MEAN = (103.939, 116.779, 123.68)
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
CONTEXT, CONTEXT_DILATIONS = 256, (4, 8, 12)
DECODER = (128, 64, 32)

Weights = dict[str, tuple[np.ndarray, np.ndarray]]
"""Kernel ``(height, width, inputs, outputs)`` and bias by layer, float32."""


def use_threads(count: int) -> None:
    """Have TensorFlow compute with so many threads, where it has not begun yet."""
    tf.config.threading.set_intra_op_parallelism_threads(count)


def random_weights(width: float = 1.0, seed: int = 0) -> Weights:
    """Weights of all layers under which activations neither vanish nor explode."""
    generator = np.random.default_rng(seed)
    weights: Weights = {}

    def add(name: str, size: int, inputs: int, outputs: int) -> int:
        deviation = np.sqrt(2 / (size * size * inputs))
        kernel = generator.normal(0, deviation, (size, size, inputs, outputs))
        bias = generator.normal(0, 0.1, outputs)
        weights[name] = kernel.astype(np.float32), bias.astype(np.float32)
        return outputs

    channels, joined = 3, 0
    for block, layers in enumerate(VGG16, start=1):
        for layer, outputs in enumerate(layers, start=1):
            channels = add(f"conv{block}/conv{block}_{layer}", 3, channels, round(width * outputs))
        joined += channels if block >= 3 else 0
    context = round(width * CONTEXT)
    for branch, size in enumerate((1, 3, 3, 3, 1), start=1):
        add(f"aspp/conv1_{branch}", size, joined, context)
    channels = add("aspp/conv2", 1, 5 * context, context)
    for layer, outputs in enumerate(DECODER, start=1):
        channels = add(f"decoder/conv{layer}", 3, channels, round(width * outputs))
    add("decoder/conv4", 3, channels, 1)
    return weights


Convolve = Callable[[Any, str, int], Any]
"""A convolution without its activation: input, layer and dilation to output."""


def maps_of(images: tf.Tensor, convolve: Convolve) -> tf.Tensor:
    """The network: ``(batch, height, width, 3)`` in 0 to 255 to ``(batch, height, width, 1)``."""

    def layer(maps: tf.Tensor, name: str, dilation: int = 1) -> tf.Tensor:
        return tf.nn.relu(convolve(maps, name, dilation))

    def doubled(maps: tf.Tensor) -> tf.Tensor:
        return tf.compat.v1.image.resize_bilinear(maps, tf.shape(maps)[1:3] * 2)

    maps, kept = images - tf.constant(MEAN), []
    for block, layers in enumerate(VGG16, start=1):
        for number in range(1, len(layers) + 1):
            maps = layer(maps, f"conv{block}/conv{block}_{number}", 2 if block == 5 else 1)
        stride, padding = (2, "VALID") if block <= 3 else (1, "SAME")
        maps = tf.nn.max_pool2d(maps, 2, stride, padding)
        kept += [maps] if block >= 3 else []
    features = tf.concat(kept, axis=3)
    branches = [layer(features, "aspp/conv1_1")]
    for branch, dilation in enumerate(CONTEXT_DILATIONS, start=2):
        branches.append(layer(features, f"aspp/conv1_{branch}", dilation))
    scene = layer(tf.reduce_mean(features, axis=(1, 2), keepdims=True), "aspp/conv1_5")
    branches.append(tf.compat.v1.image.resize_bilinear(scene, tf.shape(features)[1:3]))
    maps = layer(tf.concat(branches, axis=3), "aspp/conv2")
    for number in range(1, len(DECODER) + 1):
        maps = layer(doubled(maps), f"decoder/conv{number}")
    maps = convolve(maps, "decoder/conv4", 1)
    maps -= tf.reduce_min(maps, axis=(1, 2, 3), keepdims=True)
    return tf.divide(maps, 1e-7 + tf.reduce_max(maps, axis=(1, 2, 3), keepdims=True))


def constant_convolutions(weights: Weights) -> Convolve:
    """Convolutions with constant weights under the published names, dilated by space-to-batch."""

    def convolve(maps: tf.Tensor, name: str, dilation: int) -> tf.Tensor:
        kernel, bias = (
            tf.constant(values, name=f"{name}/{kind}")
            for values, kind in zip(weights[name], ("kernel", "bias"), strict=True)
        )
        if dilation == 1:
            return tf.nn.bias_add(tf.nn.conv2d(maps, kernel, 1, "SAME"), bias)
        convolved = tf.compat.v1.nn.with_space_to_batch(
            maps,
            [dilation] * 2,
            "SAME",
            lambda moved, *_: tf.nn.conv2d(moved, kernel, 1, "VALID"),
            filter_shape=kernel.shape[:2],
        )
        return tf.nn.bias_add(convolved, bias)

    return convolve


def save_constants(folder: Path, weights: Weights) -> None:
    """Save with the weights as constants within functions that call functions."""
    convolve = constant_convolutions(weights)
    inner = tf.function(lambda images: maps_of(images, convolve))
    _save(folder, tf.Module(), tf.function(lambda images: inner(images)))


def save_flat(folder: Path, weights: Weights) -> None:
    """Save as TensorFlow 1 does: one flat graph with constants and nothing around it."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, (None, None, None, 3), name="input")
        maps = maps_of(images, constant_convolutions(weights))
        tf.compat.v1.saved_model.simple_save(
            session, str(folder), {"input": images}, {"output": maps}
        )


def _save(folder: Path, module: tf.Module, network: Any) -> None:
    """Save with the published file's signature."""
    images = tf.TensorSpec((None, None, None, 3), tf.float32, name="input")
    served = tf.function(lambda images: {"output": network(images)}, input_signature=[images])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": served})


def load(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """A saved network as a function from images to maps ``(batch, height, width)``."""
    loaded = tf.saved_model.load(str(folder))
    serve = loaded.signatures["serving_default"]
    name = next(iter(serve.structured_input_signature[1]))

    def maps(images: np.ndarray) -> np.ndarray:
        assert loaded is not None  # lest its variables are collected
        return serve(**{name: tf.constant(images, tf.float32)})["output"].numpy()[..., 0]

    return maps
