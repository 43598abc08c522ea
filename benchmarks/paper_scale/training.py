"""What all trainings share: passes of optimiser steps, and of evaluations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from benchmarks.paper_scale.measure import Work
from mmer.training.fit import Task

SEED = 2020


def training(task: Task, units: float, clip_gradient_norm: float | None = None) -> Work:
    """Epochs of the task as the fit loop takes them; ``units`` of them are in one."""

    def epoch() -> Iterator[float]:
        batches = list(task.batches(torch.Generator().manual_seed(SEED)))
        items = sum(len(batch) for batch in batches)
        task.network.train()
        for batch in batches:
            task.optimizer.zero_grad(set_to_none=True)
            loss = task.loss(batch)
            loss.backward()
            if clip_gradient_norm is not None:
                nn.utils.clip_grad_norm_(task.network.parameters(), clip_gradient_norm)
            task.optimizer.step()
            assert float(loss.detach()) == float(loss.detach()), "the loss is not a number"
            yield units * len(batch) / items

    return Work(epoch, units)


def evaluation(task: Task, units: float) -> Work:
    """Evaluations of the held-out part, ``units`` each."""

    def evaluate() -> Iterator[float]:
        task.network.eval()
        with torch.inference_mode():
            task.scores()
        yield units

    return Work(evaluate, units)


def repeated(way: Callable[[], object], units: float) -> Work:
    """A call that does the whole pass at once."""

    def once() -> Iterator[float]:
        way()
        yield units

    return Work(once, units)
