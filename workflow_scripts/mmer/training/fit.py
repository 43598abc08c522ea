"""One fit loop for every model trained by gradient descent.

Early stopping, the choice of the kept weights, checkpoints, resumption and progress live here;
what is trained on what lives in a :class:`Training`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.training.checkpoint import read_checkpoint, write_checkpoint
from mmer.training.progress import Choice, Kept, Progress, State, weights_of
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
        Whether the learning rate stays, or rises and falls once over all steps of the plan.
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
    schedule: Literal["constant", "one_cycle"] = "constant"
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

    def scores(self) -> dict[str, dict[str, float]]:
        """Scores by part that chooses; the network is in evaluation mode, without gradients."""


def fit(training: Training, plan: FitPlan, checkpoint: Path | None) -> list[dict[str, float]]:
    """Train where one part chooses, leave the kept weights in the network, return the history.

    All else as :func:`fit_for_each`.
    """
    (kept,) = fit_for_each(training, plan, checkpoint).values()
    training.network.load_state_dict(kept.weights)
    return kept.history


def fit_for_each(training: Training, plan: FitPlan, checkpoint: Path | None) -> dict[str, Kept]:
    """Train until the plan's end, once, and keep weights for every part that chooses.

    A part keeps what it would keep if it chose alone: another one neither ends its patience nor
    prolongs it.  The network is left in evaluation mode, with no part's weights.

    Interrupted at any moment and called again with the same checkpoint, it goes on from there; on
    one CPU the result is the same bit for bit, since weights, optimiser, random state and the
    order of the batches are all restored.

    A UserError if the loss or a watched score is no finite number, or the checkpoint is of another
    training.

    ``checkpoint`` keeps the state, None keeps none.  The file stays when training ends, so that a
    finished training is not repeated; the caller removes it once its results are written.
    """
    state = State()
    torch.manual_seed(plan.seed)
    total = _total_steps(training, plan)
    schedule = Schedule(training, plan.schedule, plan.average_decay, total)
    if checkpoint is not None and checkpoint.exists():
        state = _resume(training, schedule, checkpoint)
        done = state.progress
        log.info("training goes on from step %d, epoch %d", done.step, done.epoch)
    pause_s = Compute.from_environment().checkpoint_seconds
    saved_at = time.monotonic()
    with tqdm(total=total, initial=state.progress.step, unit="step", mininterval=10) as bar:
        while not _finished(state, plan):
            _train_until_evaluation(training, schedule, plan, state, bar)
            if state.progress.loss_steps:  # no step since, where an epoch's last one was looked at
                _evaluate(training, schedule, plan, state)
            best = [f"{choice.best_score:.4f}" for choice in state.choices.values()]
            bar.set_postfix(best=", ".join(best), refresh=False)
            if checkpoint is not None and time.monotonic() - saved_at > pause_s:
                _save(training, schedule, state, checkpoint)
                saved_at = time.monotonic()
    if checkpoint is not None:
        _save(training, schedule, state, checkpoint)
    schedule.keep(training.network)
    training.network.eval()
    kept = {p: choice.kept(plan.keep, training.network) for p, choice in state.choices.items()}
    return kept


def _total_steps(training: Training, plan: FitPlan) -> int:
    """Steps that the plan allows, for the progress bar."""
    per_epoch = sum(1 for _ in training.batches(torch.Generator().manual_seed(plan.seed)))
    by_epochs = per_epoch * plan.max_epochs if plan.max_epochs else math.inf
    return int(min(by_epochs, plan.max_steps or math.inf))


def _finished(state: State, plan: FitPlan) -> bool:
    """Whether steps, epochs or the patience of all parts that choose are used up."""
    progress, choices = state.progress, state.choices.values()
    return (
        (plan.max_steps is not None and progress.step >= plan.max_steps)
        or (plan.max_epochs is not None and progress.epoch >= plan.max_epochs)
        or (bool(choices) and all(choice.ended(plan.patience) for choice in choices))
    )


def _train_until_evaluation(
    training: Training, schedule: Schedule, plan: FitPlan, state: State, bar: tqdm
) -> None:
    """Take optimiser steps up to the next evaluation: so many steps, or the end of the epoch."""
    training.network.train()
    progress = state.progress
    while not _finished(state, plan):
        for batch in _rest_of_epoch(training, plan, progress):
            _step(training, plan, progress, batch)
            schedule.follow(training.network)
            bar.update()
            if plan.evaluate_every is not None and progress.step % plan.evaluate_every == 0:
                return
            if _finished(state, plan):
                return
        assert progress.step_in_epoch, "an epoch without batches"
        progress.epoch += 1
        progress.step_in_epoch = 0
        if plan.evaluate_every is None:
            return


def _rest_of_epoch(training: Training, plan: FitPlan, progress: Progress) -> Iterator[Tensor]:
    """The batches of the current epoch that were not trained on yet."""
    # The order of an epoch depends on the seed and the epoch alone, so a resumed run repeats it.
    order = torch.Generator().manual_seed(plan.seed + 1_000_003 * (progress.epoch + 1))
    return islice(training.batches(order), progress.step_in_epoch, None)


def _step(training: Training, plan: FitPlan, progress: Progress, batch: Tensor) -> None:
    training.optimizer.zero_grad(set_to_none=True)
    loss = training.loss(batch)
    loss.backward()
    if plan.clip_gradient_norm is not None:
        nn.utils.clip_grad_norm_(training.network.parameters(), plan.clip_gradient_norm)
    training.optimizer.step()
    progress.step += 1
    progress.step_in_epoch += 1
    progress.loss_sum = progress.loss_sum + loss.detach().double()
    progress.loss_steps += 1


def _evaluate(training: Training, schedule: Schedule, plan: FitPlan, state: State) -> None:
    """Score every part that chooses, note its row, keep the weights if they are its best so far."""
    progress = state.progress
    train_loss = float(progress.loss_sum) / progress.loss_steps
    progress.loss_sum, progress.loss_steps = 0.0, 0
    with schedule.evaluated(training) as network, torch.inference_mode():
        scores = training.scores()
    for part, of_part in scores.items():
        choice = state.choices.setdefault(part, Choice())
        if choice.ended(plan.patience):
            continue
        row = {"step": progress.step, "epoch": progress.epoch, "train_loss": train_loss, **of_part}
        for name in ("train_loss", plan.watch):
            if not math.isfinite(row[name]):
                raise UserError(
                    f"{name} is {row[name]} after {progress.step} steps, and training cannot go "
                    "on: lower its learning_rate, or look for broken values in what it reads"
                )
        choice.history.append(row)
        if row[plan.watch] > choice.best_score:
            choice.best_score, choice.best_step = row[plan.watch], progress.step
            choice.evaluations_since_best = 0
        else:
            choice.evaluations_since_best += 1
        is_best = choice.best_step == progress.step
        if is_best if plan.keep == "best" else choice.ended(plan.patience):
            choice.weights = weights_of(network)


def _save(training: Training, schedule: Schedule, state: State, path: Path) -> None:
    """Write everything that a resumed run needs."""
    tree: dict[str, Any] = {
        "network": training.network.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "choices": {part: vars(choice) for part, choice in state.choices.items()},
        "random": {"cpu": torch.get_rng_state()},
        "progress": vars(state.progress),
    }
    if torch.cuda.is_available():
        tree["random"]["cuda"] = torch.cuda.get_rng_state()
    write_checkpoint(path, tree)


def _resume(training: Training, schedule: Schedule, path: Path) -> State:
    tree = read_checkpoint(path)
    try:
        training.network.load_state_dict(tree["network"])
        training.optimizer.load_state_dict(tree["optimizer"])
        schedule.load_state_dict(tree["schedule"])
        torch.set_rng_state(tree["random"]["cpu"])
        if torch.cuda.is_available() and "cuda" in tree["random"]:
            torch.cuda.set_rng_state(tree["random"]["cuda"])
        device = next(training.network.parameters()).device
        choices = {part: Choice(**told) for part, told in tree["choices"].items()}
        for choice in choices.values():
            choice.weights = {name: each.to(device) for name, each in choice.weights.items()}
        return State(Progress(**tree["progress"]), choices)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise UserError(
            f"{path} is the checkpoint of another training ({type(error).__name__}): delete it, "
            "and the training begins anew"
        ) from error
