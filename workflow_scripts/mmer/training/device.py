"""Which device a job computes on."""

from __future__ import annotations

import torch

from mmer.errors import UserError


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is the first GPU where there is one, else the CPU.

    Raises
    ------
    UserError
        If a GPU is asked for and torch sees none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"device is {name!r}, but torch sees no GPU here: set device to auto or cpu"
        )
    return device


def make_deterministic(seed: int, threads: int) -> None:
    """Seed torch and fix the number of CPU threads, on which sums depend in the last bit."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
