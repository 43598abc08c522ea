"""Line of the saliency maps: MSI-Net converted, against the TensorFlow model it comes from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.measure import Contest, Line
from mmer.media.msi_net import MsiNet, MsiNetSaliency
from mmer.media.msi_net_frames import INPUT_SIZE
from mmer.media.settings import SaliencySettings

CPU = torch.device("cpu")
FRAMES = 2
FRAME = (180, 320)
"""Height and width of RAVDESS's frames as they go to the saliency method."""
MARGIN = (INPUT_SIZE[0] - FRAME[0]) // 2
"""Rows of padding above and below a frame."""


def lines() -> Iterator[Line]:
    """The line."""
    yield Line(
        work=f"MSI-Net's maps of {FRAMES} frames, from bytes to bytes",
        against="the published SavedModel's graph in TensorFlow, weights random",
        device="CPU",
        goal=1,
        repetitions=3,
        prepare=contest,
    )


def contest() -> Contest:
    """Our method and the saved TensorFlow model on the same frames, with the same weights."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from benchmarks import reference_msi_net as reference

    reference.use_threads(torch.get_num_threads())
    weights = reference.random_weights()
    with tempfile.TemporaryDirectory() as temporary:
        reference.save_constants(Path(temporary), weights)
        serve = reference.load(Path(temporary))
    settings = SaliencySettings()
    method = MsiNetSaliency(settings, _our_state(weights.values()), CPU)
    shape = (FRAMES, *FRAME, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)

    def ours() -> np.ndarray:
        return np.stack(method.maps(frames))

    def theirs() -> np.ndarray:
        margins = [(0, 0), (MARGIN, MARGIN), (0, 0), (0, 0)]
        padded = np.pad(frames, margins, constant_values=settings.padding)
        maps = serve(padded.astype(np.float32))[:, MARGIN:-MARGIN]
        return np.rint(255 * maps).astype(np.uint8)

    difference = np.abs(ours().astype(int) - theirs()).max()
    return Contest(ours, theirs, f"maps differ by {difference} of 255 at most", CPU)


def _our_state(weights: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, Tensor]:
    """Kernels and biases in the order of the layers, under our names."""
    state = {}
    for name, (kernel, bias) in zip(MsiNet().layers, weights, strict=True):
        state[f"layers.{name}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1))
        state[f"layers.{name}.bias"] = torch.from_numpy(bias)
    return state
