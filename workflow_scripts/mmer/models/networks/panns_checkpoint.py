"""The published CNN-14 checkpoint: verified before opening, loaded without running its pickle.

Source: ``Cnn14_16k_mAP=0.438.pth``, Zenodo record 3987831.  It holds ``iteration``, ``model`` and
``sampler``; the sampler's NumPy arrays are why plain ``weights_only`` loading would refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy._core.multiarray import _reconstruct
from torch import Tensor

from mmer.media.log_mel import WINDOW, LogMel
from mmer.models.networks.cnn14 import Cnn14
from mmer.runtime.errors import UserError
from mmer.training.foreign_checkpoint import (
    are_named_tensors,
    check_names,
    check_tensor,
    read_plain,
    weights_given,
)
from mmer.weights import Weights

NEEDED_BY_THE_SAMPLER = [
    np.ndarray,
    np.dtype,
    np.dtypes.Int64DType,
    # The name by which the NumPy of that time wrote it.
    (_reconstruct, "numpy.core.multiarray._reconstruct"),
]
"""The only classes and functions the file may name besides tensors: they rebuild integer arrays."""

COS_KERNELS = "spectrogram_extractor.stft.conv_real.weight"
SIN_KERNELS = "spectrogram_extractor.stft.conv_imag.weight"
MEL_FILTERS = "logmel_extractor.melW"
AUDIOSET_HEAD = ("fc_audioset.weight", "fc_audioset.bias")
FRONT_END_TOLERANCE = 1e-5
"""Kernels lie in [-1, 1], filters in [0, 0.022]; float32 and library versions differ by 1e-7."""


def start_from(network: Cnn14, weights: str, given: Weights | None) -> Cnn14:
    """A network of random weights, given the published ones unless ``weights`` is ``random``.

    Raises
    ------
    UserError
        If published weights are asked for and not given, or refused.
    """
    if weights != "random":
        load_panns(network, *weights_given(weights, given))
    return network


def load_panns(network: Cnn14, path: Path, sha256: str) -> None:
    """Give a network the published weights; its ``classifier`` keeps its own.

    Raises
    ------
    UserError
        If the file is absent, has another checksum, holds anything but plain data, or is not this
        network: other names, shapes, types, a value that is not finite, or another front end.
    """
    state = _read_model(path, sha256)
    _check_front_end(path, state)
    expected = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith("classifier.")
    }
    set_aside = (COS_KERNELS, SIN_KERNELS, MEL_FILTERS, *AUDIOSET_HEAD)
    check_names(path, state, [*expected, *set_aside], _ADVICE)
    for name, tensor in expected.items():
        check_tensor(path, name, state, tensor, _ADVICE)
    chosen = {name: state[name] for name in expected}
    network.load_state_dict(chosen, strict=False)  # all but the classifier, as checked above


_ADVICE = "use the published Cnn14_16k checkpoint of Zenodo record 3987831"


def _read_model(path: Path, sha256: str) -> dict[str, Tensor]:
    """The ``model`` of the checkpoint."""
    content = read_plain(path, sha256, _ADVICE, allowed=NEEDED_BY_THE_SAMPLER)
    model = content.get("model") if isinstance(content, Mapping) else None
    if not are_named_tensors(model):
        raise UserError(f"{path} has no 'model' of named tensors: {_ADVICE}")
    return dict(model)


def _check_front_end(path: Path, state: Mapping[str, Tensor]) -> None:
    """A UserError unless the weights were trained on the features that LogMel computes."""
    for name, ours in _front_end().items():
        check_tensor(path, name, state, ours, _ADVICE)
        difference = (state[name] - ours).abs().max().item()
        if difference > FRONT_END_TOLERANCE:
            raise UserError(
                f"{path}: {name} differs by {difference:.2g} from the front end of the 16 kHz "
                f"CNN-14: {_ADVICE}"
            )


def _front_end() -> dict[str, Tensor]:
    """Our front end as the checkpoint writes it: Fourier kernels under the window, mel filters."""
    samples = torch.arange(WINDOW, dtype=torch.float64)
    bins = torch.arange(WINDOW // 2 + 1, dtype=torch.float64)[:, None]
    window = torch.hann_window(WINDOW, periodic=True, dtype=torch.float64)
    angles = 2 * torch.pi * bins * samples / WINDOW
    return {
        COS_KERNELS: (angles.cos() * window).float()[:, None],  # (257, 1, 512)
        SIN_KERNELS: (-angles.sin() * window).float()[:, None],
        MEL_FILTERS: LogMel().filters.float(),  # (257, 64)
    }
