"""Killing a training, and counting what it reads of the device, for tests."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode


class HostReads(TorchDispatchMode):
    """Counts how often a single value is fetched, for which the host waits until it is computed."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None) -> Any:
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


def reads_of_a_step(training: Any) -> int:
    """How often the loss of a training's first batch, and its gradients, fetch a value."""
    training.network.train()
    batch = next(iter(training.batches(torch.Generator().manual_seed(0))))
    with HostReads() as reads:
        training.loss(batch).backward()
    return reads.count


def kill_after(training: Any, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training take so many steps and end as by a signal in the next."""
    loss, left = training.loss, iter(range(steps))

    def killing(batch: torch.Tensor) -> torch.Tensor:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return loss(batch)

    monkeypatch.setattr(training, "loss", killing)
