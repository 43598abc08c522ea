"""The task of following continuous dimensions, such as arousal and valence, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mmer.items import Items

if TYPE_CHECKING:
    from torch import Tensor


class Traces(BaseModel):
    """Named dimensions, in the order of a network's outputs, at a rate in steps per second.

    Targets of an item are ``(steps, dimensions)`` float32; they lie beside the prepared media, a
    file per speaker, and step ``i`` stands for the time from ``i / rate`` to ``(i + 1) / rate``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["traces"] = "traces"
    names: tuple[str, ...] = Field(min_length=1)
    rate: float = Field(gt=0)

    watch: str = "ccc"
    """The score by which weights are chosen where a family has no other."""

    @field_validator("names")
    @classmethod
    def _columns(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names) or {"item", "part", "step", "mean"} & set(names):
            raise ValueError("name each dimension once, and none item, part, step or mean")
        return names

    @property
    def outputs(self) -> int:
        """Neurons of a network's last layer, at every step."""
        return len(self.names)

    def labelled(self, items: Items) -> np.ndarray:
        """Which items may be followed, ``(items,)`` bool: all, as the item table holds no trace."""
        return np.ones(len(items), dtype=bool)

    def loss(self, outputs: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """The mean over dimensions of 1 − CCC over all steps of a batch.

        ``outputs`` and ``targets`` are ``(batch, steps, dimensions)``, padded; ``lengths`` are the
        steps of each item, ``(batch,)`` int64.
        """
        return (1 - _ccc(_steps(outputs, lengths), _steps(targets, lengths))).mean()

    def scores(self, outputs: Tensor, targets: Tensor, lengths: Tensor) -> dict[str, float]:
        """``ccc``, the mean over dimensions, and that of each one, over all steps together."""
        found = _ccc(_steps(outputs, lengths), _steps(targets, lengths))
        each = {f"ccc_{name}": float(value) for name, value in zip(self.names, found, strict=True)}
        return {"ccc": float(found.mean()), **each}


def _steps(padded: Tensor, lengths: Tensor) -> Tensor:
    """All steps of all items without the padding, ``(steps, dimensions)``."""
    step = lengths.new_tensor(range(padded.shape[1]))
    return padded[step < lengths[:, None]]


def _ccc(predicted: Tensor, true: Tensor) -> Tensor:
    """Lin's concordance correlation coefficient of each column, ``(dimensions,)``.

    Source: Lin 1989, with population moments; 0 where both are constant and equal.
    """
    p, t = predicted.double(), true.double()
    p_mean, t_mean = p.mean(dim=0), t.mean(dim=0)
    covariance = ((p - p_mean) * (t - t_mean)).mean(dim=0)
    spread = p.var(dim=0, correction=0) + t.var(dim=0, correction=0) + (p_mean - t_mean) ** 2
    return 2 * covariance / spread.clamp(min=1e-12)
