"""One fit loop for every model trained by gradient descent.

Early stopping, the choice of the kept weights, checkpoints, resumption and progress live here;
what is trained on what lives in a :class:`Training`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.training.checkpoint import read_checkpoint, write_checkpoint
from mmer.training.schedule import Schedule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitPlan:
    """How long to train, when to look, and what to keep.

    Attributes
    ----------
    patience
        Evaluations in a row without a better score before training stops; None never stops early.
    keep
        ``best``: the weights of the best evaluation; ``last``: those at the end.
    watch
        The score that is to rise, a key of :meth:`Training.scores`.
    seed
        Of the order of the batches and of everything random in the training.
    max_steps, max_epochs
        Optimiser steps and passes over the data at most; at least one of them is given.
    evaluate_every
        Steps between two evaluations on the part that chooses; None evaluates after every epoch.
    clip_gradient_norm
        Largest norm of all gradients together; None leaves them alone.
    schedule
        Whether the learning rate stays, rises and falls once over all steps of the plan, or falls
        to nothing over them.
    average_decay
        Decay per step of the moving average of weights and statistics that is evaluated and kept
        in their place; None averages nothing.
    """

    patience: int | None
    keep: Literal["best", "last"]
    watch: str
    seed: int
    max_steps: int | None = None
    max_epochs: int | None = None
    evaluate_every: int | None = None
    clip_gradient_norm: float | None = None
    schedule: Literal["constant", "one_cycle", "linear"] = "constant"
    average_decay: float | None = None

    def __post_init__(self) -> None:
        assert self.max_steps or self.max_epochs, "training needs an end"

    @classmethod
    def of(cls, settings: Any, watch: str, seed: int | None) -> FitPlan:
        """That of settings with ``max_epochs``, ``patience`` and ``keep``."""
        return cls(
            settings.patience, settings.keep, watch, seed or 0, max_epochs=settings.max_epochs
        )


class Training(Protocol):
    """A network, its optimiser and its data."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """The batches of one epoch: indices of training items, ``(batch,)`` int64 on the CPU."""

    def loss(self, batch: Tensor) -> Tensor:
        """The loss of one batch, a scalar; the network is in training mode."""

    def scores(self) -> dict[str, float]:
        """Scores on the part that chooses; the network is in evaluation mode, without gradients."""


@dataclass
class _Progress:
    """Everything that training knows besides weights; all of it goes into a checkpoint.

    The losses since the last evaluation are summed in float64 on the device: to fetch one would
    be to wait for it.  Checkpoints are written right after an evaluation, when the sum is 0.
    """

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    best_score: float = -math.inf
    best_step: int = 0
    evaluations_since_best: int = 0
    loss_sum: Tensor | float = 0.0
    loss_steps: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def fit(training: Training, plan: FitPlan, checkpoint: Path | None) -> list[dict[str, float]]:
    """Train until the plan's end and leave the kept weights in the network.

    Interrupted at any moment and called again with the same checkpoint, it goes on from there; on
    one CPU the result is the same bit for bit, since weights, optimiser, random state and the
    order of the batches are all restored.

    Parameters
    ----------
    training, plan
        What to train, how long, and what to keep.
    checkpoint
        Where to keep the state; None keeps none.  The file stays when training ends, so that a
        finished training is not repeated; the caller removes it once its results are written.

    Returns
    -------
    list of dict
        A row per evaluation: ``step``, ``epoch``, ``train_loss``, the scores and ``kept`` (1 for
        the row whose weights were kept).

    Raises
    ------
    UserError
        If the loss or the watched score is no finite number, or the checkpoint is of another
        training.
    """
    state = _Progress()
    best: dict[str, Tensor] = {}
    torch.manual_seed(plan.seed)
    total = _total_steps(training, plan)
    schedule = Schedule(training, plan.schedule, plan.average_decay, total)
    if checkpoint is not None and checkpoint.exists():
        state, best = _resume(training, schedule, checkpoint)
        log.info("training goes on from step %d, epoch %d", state.step, state.epoch)
    pause_s = Compute.from_environment().checkpoint_seconds
    saved_at = time.monotonic()
    with tqdm(total=total, initial=state.step, unit="step", mininterval=10) as bar:
        while not _finished(state, plan):
            _train_until_evaluation(training, schedule, plan, state, bar)
            if state.loss_steps:  # no step since, where an epoch's last one was looked at
                _evaluate(training, schedule, plan, state, best)
            bar.set_postfix(best=f"{state.best_score:.4f}", refresh=False)
            if checkpoint is not None and time.monotonic() - saved_at > pause_s:
                _save(training, schedule, state, best, checkpoint)
                saved_at = time.monotonic()
    if checkpoint is not None:
        _save(training, schedule, state, best, checkpoint)
    if plan.keep == "best" and best:
        training.network.load_state_dict(best)
    else:
        schedule.keep(training.network)
    kept = state.best_step if plan.keep == "best" else state.step
    training.network.eval()
    return [{**row, "kept": float(row["step"] == kept)} for row in state.history]


def _total_steps(training: Training, plan: FitPlan) -> int:
    """Steps that the plan allows, for the progress bar."""
    per_epoch = sum(1 for _ in training.batches(torch.Generator().manual_seed(plan.seed)))
    by_epochs = per_epoch * plan.max_epochs if plan.max_epochs else math.inf
    return int(min(by_epochs, plan.max_steps or math.inf))


def _finished(state: _Progress, plan: FitPlan) -> bool:
    """Whether steps, epochs or patience are used up."""
    return (
        (plan.max_steps is not None and state.step >= plan.max_steps)
        or (plan.max_epochs is not None and state.epoch >= plan.max_epochs)
        or (plan.patience is not None and state.evaluations_since_best >= plan.patience)
    )


def _train_until_evaluation(
    training: Training, schedule: Schedule, plan: FitPlan, state: _Progress, bar: tqdm
) -> None:
    """Take optimiser steps up to the next evaluation: so many steps, or the end of the epoch."""
    training.network.train()
    while not _finished(state, plan):
        for batch in _rest_of_epoch(training, plan, state):
            _step(training, plan, state, batch)
            schedule.follow(training.network)
            bar.update()
            if plan.evaluate_every is not None and state.step % plan.evaluate_every == 0:
                return
            if _finished(state, plan):
                return
        assert state.step_in_epoch, "an epoch without batches"
        state.epoch += 1
        state.step_in_epoch = 0
        if plan.evaluate_every is None:
            return


def _rest_of_epoch(training: Training, plan: FitPlan, state: _Progress) -> Iterator[Tensor]:
    """The batches of the current epoch that were not trained on yet."""
    # The order of an epoch depends on the seed and the epoch alone, so a resumed run repeats it.
    order = torch.Generator().manual_seed(plan.seed + 1_000_003 * (state.epoch + 1))
    return islice(training.batches(order), state.step_in_epoch, None)


def _step(training: Training, plan: FitPlan, state: _Progress, batch: Tensor) -> None:
    """One optimiser step."""
    training.optimizer.zero_grad(set_to_none=True)
    loss = training.loss(batch)
    loss.backward()
    if plan.clip_gradient_norm is not None:
        nn.utils.clip_grad_norm_(training.network.parameters(), plan.clip_gradient_norm)
    training.optimizer.step()
    state.step += 1
    state.step_in_epoch += 1
    state.loss_sum = state.loss_sum + loss.detach().double()
    state.loss_steps += 1


def _evaluate(
    training: Training,
    schedule: Schedule,
    plan: FitPlan,
    state: _Progress,
    best: dict[str, Tensor],
) -> None:
    """Score the part that chooses, note a row, and keep the weights if they are the best so far."""
    with schedule.evaluated(training) as network, torch.inference_mode():
        scores = training.scores()
    train_loss = float(state.loss_sum) / state.loss_steps
    row = {"step": state.step, "epoch": state.epoch, "train_loss": train_loss, **scores}
    for name in ("train_loss", plan.watch):
        if not math.isfinite(row[name]):
            raise UserError(
                f"{name} is {row[name]} after {state.step} steps, and training cannot go on: lower "
                "its learning_rate, or look for broken values in what it reads"
            )
    state.history.append(row)
    state.loss_sum, state.loss_steps = 0.0, 0
    if scores[plan.watch] > state.best_score:
        state.best_score, state.best_step = scores[plan.watch], state.step
        state.evaluations_since_best = 0
        best.update({k: v.detach().clone() for k, v in network.state_dict().items()})
    else:
        state.evaluations_since_best += 1


def _save(
    training: Training,
    schedule: Schedule,
    state: _Progress,
    best: dict[str, Tensor],
    path: Path,
) -> None:
    """Write everything that a resumed run needs."""
    tree: dict[str, Any] = {
        "network": training.network.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "best": best,
        "random": {"cpu": torch.get_rng_state()},
        "progress": vars(state),
    }
    if torch.cuda.is_available():
        tree["random"]["cuda"] = torch.cuda.get_rng_state()
    write_checkpoint(path, tree)


def _resume(
    training: Training, schedule: Schedule, path: Path
) -> tuple[_Progress, dict[str, Tensor]]:
    """Restore what :func:`_save` wrote."""
    tree = read_checkpoint(path)
    try:
        training.network.load_state_dict(tree["network"])
        training.optimizer.load_state_dict(tree["optimizer"])
        schedule.load_state_dict(tree["schedule"])
        torch.set_rng_state(tree["random"]["cpu"])
        if torch.cuda.is_available() and "cuda" in tree["random"]:
            torch.cuda.set_rng_state(tree["random"]["cuda"])
        device = next(training.network.parameters()).device
        return _Progress(**tree["progress"]), {k: v.to(device) for k, v in tree["best"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise UserError(
            f"{path} is the checkpoint of another training ({type(error).__name__}): delete it, "
            "and the training begins anew"
        ) from error
