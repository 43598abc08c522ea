"""How far a training is, and what every part that chooses has seen and would keep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn


@dataclass(frozen=True)
class Kept:
    """What one part chose.

    Attributes
    ----------
    weights
        The kept ones, on the network's device.
    history
        A row per evaluation until its patience or the training ended: ``step``, ``epoch``,
        ``train_loss``, the scores of that part and ``kept`` (1 for the row whose weights were
        kept).
    """

    weights: dict[str, Tensor]
    history: list[dict[str, float]]


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights of a network as they are now."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@dataclass
class Choice:
    """What one part that chooses has seen so far, and the weights that it would keep."""

    best_score: float = -math.inf
    best_step: int = 0
    evaluations_since_best: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)

    def ended(self, patience: int | None) -> bool:
        """Whether its patience is used up; it then looks no more, whatever others still see."""
        return patience is not None and self.evaluations_since_best >= patience

    def kept(self, keep: Literal["best", "last"], network: nn.Module) -> Kept:
        """What it chose; ``network`` has the last weights, for one that took none before."""
        step = self.best_step if keep == "best" else self.history[-1]["step"]
        history = [{**row, "kept": float(row["step"] == step)} for row in self.history]
        return Kept(self.weights or weights_of(network), history)


@dataclass
class Progress:
    """Everything that training knows besides weights; all of it goes into a checkpoint.

    The losses since the last evaluation are summed in float64 on the device: to fetch one would
    be to wait for it.  Checkpoints are written right after an evaluation, when the sum is 0.
    """

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    loss_sum: Tensor | float = 0.0
    loss_steps: int = 0


@dataclass
class State:
    """Progress, and the choice of every part that chooses, by part."""

    progress: Progress = field(default_factory=Progress)
    choices: dict[str, Choice] = field(default_factory=dict)
