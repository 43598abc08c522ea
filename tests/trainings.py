"""Killing a training, for tests of its resumption."""

from __future__ import annotations

from typing import Any

import pytest
import torch


def kill_after(training: Any, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training take so many steps and end as by a signal in the next."""
    loss, left = training.loss, iter(range(steps))

    def killing(batch: torch.Tensor) -> torch.Tensor:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return loss(batch)

    monkeypatch.setattr(training, "loss", killing)
