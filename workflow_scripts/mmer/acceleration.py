"""Layout and compilation of networks: how fast they are, and their results by rounding only.

Two variables of the environment decide, so that worker processes follow them too and changing them
re-runs nothing: ``MMER_CHANNELS_LAST`` (``auto``, ``always`` or ``never``) and ``MMER_COMPILE``
(``true`` or ``false``).
"""

from __future__ import annotations

import os
import shutil

import torch
from torch import nn

from mmer.errors import UserError

COMPILERS = ("g++", "clang++")


def memory_format(measured_faster: bool) -> torch.memory_format:
    """Channels last, or channel by channel.

    Parameters
    ----------
    measured_faster
        Whether channels last is faster here, which decides under ``auto``.
    """
    asked = os.environ.get("MMER_CHANNELS_LAST", "auto")
    last = measured_faster if asked == "auto" else asked == "always"
    return torch.channels_last if last else torch.contiguous_format


def compile_where_asked(network: nn.Module) -> None:
    """Compile a network in place before it is trained; the names of its weights stay.

    Raises
    ------
    UserError
        If it is to be compiled and there is no C++ compiler.
    """
    if os.environ.get("MMER_COMPILE", "false") != "true":
        return
    if not any(map(shutil.which, [os.environ.get("CXX", ""), *COMPILERS])):
        raise UserError(
            "compute.compile is true, but there is no C++ compiler here: install g++ or set "
            "compute.compile to false"
        )
    network.compile()
