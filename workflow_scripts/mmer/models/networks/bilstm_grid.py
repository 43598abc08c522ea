"""The grid of architectures behind one bi-LSTM: many small trainings, several at a time.

Source: paper section 4.2 and table A2.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor, multiprocessing

from mmer.models.bilstm import Architecture, BiLstmSettings
from mmer.models.networks.bilstm_training import (
    Sequences,
    SequenceTraining,
    build_network,
    fit_plan,
)
from mmer.predictions import Posteriors
from mmer.protocol import TEST
from mmer.ragged import Ragged
from mmer.training.device import make_deterministic
from mmer.training.fit import fit

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedArchitecture:
    """What one training of the grid leaves.

    Attributes
    ----------
    architecture
        What was trained.
    history
        A row per epoch, see :func:`mmer.training.fit.fit`.
    state
        The kept weights, on the CPU.
    posteriors
        Of every item of the split.
    attention
        ``(frames,)`` weights of every item.
    """

    architecture: Architecture
    history: list[dict[str, float]]
    state: dict[str, Tensor]
    posteriors: Posteriors
    attention: Ragged

    @property
    def kept(self) -> dict[str, float]:
        """The row of the epoch whose weights were kept."""
        return next(row for row in self.history if row["kept"])


@contextmanager
def grid_workers(at_once: int) -> Iterator[Executor | None]:
    """Processes that train side by side; None where one training at a time needs none."""
    if at_once == 1:
        yield None
        return
    # Forking would copy a GPU's context, which CUDA forbids.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context) as workers:
        yield workers


def train_architectures(
    sequences: Sequences,
    settings: BiLstmSettings,
    seed: int,
    checkpoints: Mapping[str, Path | None],
    workers: Executor | None,
) -> list[TrainedArchitecture]:
    """Train every architecture of the settings on one split.

    Each training draws from its own seed and, on the CPU, takes one thread, so that how many run
    side by side changes no number.

    Parameters
    ----------
    sequences
        Features and labels of the split's items.
    settings
        The architectures and how to train them.
    seed
        Of every training.
    checkpoints
        Where each architecture keeps its state, by name; an interrupted one goes on from there and
        a finished one is not repeated.
    workers
        Processes to share the trainings; None trains here, one after the other.
    """
    trainings = [
        (sequences, settings, architecture, seed, checkpoints[architecture.name])
        for architecture in settings.architectures
    ]
    if workers is None:
        return [train_architecture(*training) for training in trainings]
    return list(workers.map(train_architecture, *zip(*trainings, strict=True)))


def train_architecture(
    sequences: Sequences,
    settings: BiLstmSettings,
    architecture: Architecture,
    seed: int,
    checkpoint: Path | None,
) -> TrainedArchitecture:
    """Train one architecture on one split."""
    make_deterministic(seed, threads=1)
    width = sequences.features.shape[1]
    network = build_network(width, architecture, settings.dropout, sequences.task.outputs)
    training = SequenceTraining(network.to(sequences.features.device), sequences, settings)
    history = fit(training, fit_plan(settings, seed), checkpoint)
    posteriors, attention = training.results()
    state = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    return TrainedArchitecture(architecture, history, state, posteriors, attention)


def architectures_table(grid: Mapping[str, Sequence[TrainedArchitecture]]) -> pd.DataFrame:
    """A row per architecture and split: its size, and the scores of its kept epoch.

    Parameters
    ----------
    grid
        Trained architectures by split.
    """
    rows = [
        {
            "architecture": trained.architecture.name,
            **trained.architecture.model_dump(),
            "split": split,
            "test_items": int((trained.posteriors.part == TEST).sum()),
            "accuracy": 100 * trained.kept["accuracy"],
            "f1": trained.kept["f1"],
            "kept_epoch": int(trained.kept["epoch"]),
            "epochs": int(trained.history[-1]["epoch"]),
        }
        for split, candidates in grid.items()
        for trained in candidates
    ]
    return pd.DataFrame(rows)


def best_architecture(
    grid: Mapping[str, Sequence[TrainedArchitecture]], choose_by: str
) -> Architecture:
    """The architecture with the best mean score over the splits; the first of equals.

    Parameters
    ----------
    grid
        Trained architectures by split, the same ones in the same order.
    choose_by
        ``accuracy`` or ``f1``.
    """
    candidates = [[trained.kept[choose_by] for trained in of_split] for of_split in grid.values()]
    means = np.mean(candidates, axis=0)
    first_split = next(iter(grid.values()))
    chosen = first_split[int(means.argmax())].architecture
    log.info("%s has the best mean %s: %.4f", chosen.name, choose_by, means.max())
    return chosen
