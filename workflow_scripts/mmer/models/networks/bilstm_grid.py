"""The step of the bi-LSTM: a grid of architectures on every split, and what the best one says.

Source: paper section 4.2 and table A2.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, multiprocessing

from mmer.items import read_items
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.models.bilstm import Architecture, BiLstmSettings
from mmer.models.networks.bilstm_training import (
    Sequences,
    SequenceTraining,
    build_network,
    fit_plan,
    sequences_of,
)
from mmer.models.networks.spatial_transformer_checkpoint import read_spatial_transformer
from mmer.predictions import Posteriors, write_predictions
from mmer.protocol import TEST
from mmer.ragged import Ragged, read_ragged, write_ragged
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.training.device import choose_device, make_deterministic, prepare_device
from mmer.training.fit import fit
from mmer.training.frames import put_on_device
from mmer.training.job import write_history, write_network
from mmer.training.kept_audio import spans_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedArchitecture:
    """What one training of the grid leaves: the kept weights, and what they say of every item."""

    architecture: Architecture
    history: list[dict[str, float]]
    state: dict[str, Tensor]
    posteriors: Posteriors
    attention: Ragged

    @property
    def kept(self) -> dict[str, float]:
        """The row of the epoch whose weights were kept."""
        return next(row for row in self.history if row["kept"])


def train(job: ModelJob) -> None:
    """Train the grid split by split, choose, write; the checkpoints go when all else is there."""
    settings, compute = job.settings(BiLstmSettings), Compute.from_environment()
    names = [architecture.name for architecture in settings.architectures]
    on_cpu = choose_device(compute.device).type == "cpu"
    at_once = min(compute.threads if on_cpu else compute.trainings_at_once, len(names))
    checkpoints = {
        split: {name: _checkpoint(job.checkpoint, split, name) for name in names}
        for split in job.splits
    }
    with grid_workers(at_once) as workers:
        grid = {
            split: train_architectures(
                sequences, settings, job.seed or 0, checkpoints[split], workers
            )
            for split, sequences in _sequences_by_split(job, settings, compute)
        }
    chosen = best_architecture(grid, settings.choose_by)
    for split, candidates in grid.items():
        trained = next(each for each in candidates if each.architecture == chosen)
        _write_split(job, split, trained, settings)
    with writing(job.output("architectures")) as unfinished:
        table = architectures_table(grid)
        table["chosen"] = table["architecture"] == chosen.name
        table.to_csv(unfinished, index=False)
    for of_split in checkpoints.values():
        for checkpoint in filter(None, of_split.values()):
            checkpoint.unlink(missing_ok=True)


def _sequences_by_split(
    job: ModelJob, settings: BiLstmSettings, compute: Compute
) -> Iterator[tuple[str, Sequences]]:
    """Features of each split's items; made once where splits share network and items."""
    device = prepare_device(job.seed)
    frames, saliency = (read_ragged(job.inputs[kind]) for kind in ("frames", "saliency"))
    spans, items = spans_of(job), read_items(job.one("items"))
    made: tuple[Path, Sequences] | None = None
    for name, path in job.of_splits("model").items():
        split = job.splits[name]
        loaded = put_on_device(frames, saliency, spans, items, job.classes, split, device)
        if made is None or made[0] != path or made[1].items.names != loaded.items.names:
            # A training in this very process leaves one thread behind.
            torch.set_num_threads(compute.threads)
            network = read_spatial_transformer(path, device)
            made = path, sequences_of(network, loaded, settings.layer)
        of_split = {"part": loaded.part, "choosing_part": loaded.choosing_part}
        yield name, dataclasses.replace(made[1], **of_split)


def _checkpoint(base: Path | None, split: str, architecture: str) -> Path | None:
    """Where one training of the grid keeps its state."""
    return base and base.with_name(f"{base.stem}_{split}_{architecture}.safetensors")


def _write_split(
    job: ModelJob, split: str, trained: TrainedArchitecture, settings: BiLstmSettings
) -> None:
    """Write weights, history, attention and predictions of the chosen architecture."""
    provenance = {
        "initial_weights": "random",
        "variant": job.variant,
        "split": job.splits[split].model_dump(mode="json"),
        "seed": job.seed,
        "settings": settings.model_dump(mode="json", exclude={"architectures"}),
        "architecture": trained.architecture.model_dump(),
    }
    write_network(job.output("model", split), trained.state, provenance)
    write_history(job.output("history", split), trained.history)
    write_ragged(job.output("attention", split), trained.attention)
    write_predictions(job.output(PREDICTIONS, split), trained.posteriors)


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
    side by side changes no number.  Checkpoints are by an architecture's name; without workers the
    trainings run here, one after the other.
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
    """A row per architecture and split: its size, and the scores of its kept epoch."""
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

    Every split has the same architectures in the same order.
    """
    candidates = [[trained.kept[choose_by] for trained in of_split] for of_split in grid.values()]
    means = np.mean(candidates, axis=0)
    first_split = next(iter(grid.values()))
    chosen = first_split[int(means.argmax())].architecture
    log.info("%s has the best mean %s: %.4f", chosen.name, choose_by, means.max())
    return chosen
