"""How the learning rate moves over a training, and the moving average of its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from torch import nn, optim
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Trained(Protocol):
    """A network and its optimiser."""

    network: nn.Module
    optimizer: optim.Optimizer


class Schedule:
    """What follows each step of the optimiser.

    Parameters
    ----------
    training
        Its optimiser's learning rates are the highest of one cycle.
    average_decay
        Decay per step of the average of weights and batch-norm statistics; None averages nothing.
    steps
        Of the whole training.
    """

    def __init__(
        self,
        training: Trained,
        learning_rate: Literal["constant", "one_cycle"],
        average_decay: float | None,
        steps: int,
    ) -> None:
        self.parts: dict[str, Any] = {}
        if learning_rate == "one_cycle":
            highest = [group["lr"] for group in training.optimizer.param_groups]
            self.parts["rate"] = OneCycleLR(training.optimizer, highest, total_steps=steps)
        if average_decay is not None:
            averaging = get_ema_multi_avg_fn(average_decay)
            average = AveragedModel(training.network, multi_avg_fn=averaging, use_buffers=True)
            self.parts["average"] = average

    def follow(self, network: nn.Module) -> None:
        """After a step of the optimiser."""
        if "rate" in self.parts:
            self.parts["rate"].step()
        if "average" in self.parts:
            self.parts["average"].update_parameters(network)

    @contextmanager
    def evaluated(self, training: Trained) -> Iterator[nn.Module]:
        """The average in the place of the training's network, where there is one."""
        own = training.network
        training.network = self.parts["average"].module if "average" in self.parts else own
        training.network.eval()
        try:
            yield training.network
        finally:
            training.network = own

    def keep(self, network: nn.Module) -> None:
        """Give a network the average, where there is one."""
        if "average" in self.parts:
            network.load_state_dict(self.parts["average"].module.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
