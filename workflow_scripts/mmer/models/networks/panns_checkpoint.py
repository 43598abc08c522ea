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
from mmer.training.foreign_checkpoint import check_tensor, load_state, read_state

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
_ADVICE = "use the published Cnn14_16k checkpoint of Zenodo record 3987831"
FRONT_END_TOLERANCE = 1e-5
"""Kernels lie in [-1, 1], filters in [0, 0.022]; float32 and library versions differ by 1e-7."""


def load_panns(network: Cnn14, path: Path, sha256: str) -> None:
    """Give a network the published weights; its ``classifier`` keeps its own.

    A UserError if the file is absent, has another checksum, holds anything but plain data, or is
    not this network: other names, shapes, types, a value that is not finite, or another front end.
    """
    state = read_state(path, sha256, _ADVICE, "model", NEEDED_BY_THE_SAMPLER)
    _check_front_end(path, state)
    set_aside = (COS_KERNELS, SIN_KERNELS, MEL_FILTERS, *AUDIOSET_HEAD)
    load_state(network, path, state, _ADVICE, own="classifier", set_aside=set_aside)


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
