"""Which device a job computes on."""

from __future__ import annotations

import os

import torch

from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is the first GPU where there is one, else the CPU.

    A UserError if a GPU is asked for and torch sees none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"device is {name!r}, but torch sees no GPU here: set device to auto or cpu"
        )
    return device


def prepare_device(seed: int | None) -> torch.device:
    """The device that the environment asks for, after :func:`make_deterministic`."""
    compute = Compute.from_environment()
    device = choose_device(compute.device)
    make_deterministic(seed or 0, compute.threads)
    return device


def make_deterministic(seed: int, threads: int) -> None:
    """Seed torch, fix the number of CPU threads, and settle how a GPU rounds and sums.

    Sums on the CPU depend on the threads in the last bit.  For a GPU two variables of the
    environment count, ``true`` or ``false``, so that worker processes follow them too:
    ``MMER_TF32`` (by default false: float32 is float32, where torch by itself lets convolutions
    round to TF32's 10 bits) and ``MMER_DETERMINISTIC`` (by default true: the same numbers twice,
    wherever torch has an algorithm for it; it warns where it has none).
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    tf32 = _asked_for("MMER_TF32", False)
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    deterministic = _asked_for("MMER_DETERMINISTIC", True)
    if deterministic:
        # cuBLAS sums in one order only with a workspace of this kind, read at its first call.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = not deterministic
    torch.use_deterministic_algorithms(deterministic, warn_only=True)


def _asked_for(variable: str, default: bool) -> bool:
    return os.environ.get(variable, str(default)).lower() == "true"
