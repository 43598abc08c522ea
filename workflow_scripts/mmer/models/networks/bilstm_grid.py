"""The step of the bi-LSTM: a grid of architectures on every split, and what the best one says.

Source: paper section 4.2 and table A2.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mmer.items import read_items
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.models.networks.bilstm_training import (
    SequenceTraining,
    StoredSequences,
    build_network,
    fit_plan,
    store_sequences,
)
from mmer.models.networks.spatial_transformer_checkpoint import read_spatial_transformer
from mmer.models.sequence_settings import Architecture, BiLstmSettings, SequenceSettings
from mmer.predictions import write_predictions
from mmer.protocol import TEST, Split, choosing_parts, chosen_together, parts_for
from mmer.ragged import read_ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.training.checkpoint import read_model, write_model
from mmer.training.device import choose_device, make_deterministic, prepare_device
from mmer.training.fit import fit_for_each
from mmer.training.frames import put_on_device
from mmer.training.job import forget_if_stale, write_history, write_network
from mmer.training.kept_audio import spans_of
from mmer.training.workers import grid_workers

log = logging.getLogger(__name__)


WEIGHTS, ATTENTION, POSTERIORS = "weights.safetensors", "attention.npz", "predictions.csv"
"""What a training leaves in its folder, besides its checkpoint."""


@dataclass(frozen=True)
class TrainedArchitecture:
    """What one split kept of a training of the grid; all that is large lies in its folder.

    Attributes
    ----------
    history
        As :func:`mmer.training.fit.fit` gives it.
    folder
        Holds the kept weights, and what they say of every item.
    """

    architecture: Architecture
    history: list[dict[str, float]]
    test_items: int
    folder: Path

    @property
    def kept(self) -> dict[str, float]:
        """The row of the epoch whose weights were kept."""
        return next(row for row in self.history if row["kept"])


def train(job: ModelJob) -> None:
    """Train the grid on a layer of a spatial transformer."""
    train_grid(job, job.settings(BiLstmSettings), _sequences_by_training)


def train_grid(
    job: ModelJob,
    settings: SequenceSettings,
    sequences_by_training: Callable[..., Iterator[tuple[dict[str, Split], StoredSequences]]],
) -> None:
    """Train the grid split by split, choose, write; the trainings' folder goes when that is done.

    That folder holds the checkpoints, by which a killed job goes on, and the features of a split,
    which ``sequences_by_training`` makes of job, settings, compute and folder.
    """
    compute = Compute.from_environment()
    on_cpu = choose_device(compute.device).type == "cpu"
    at_once = compute.threads if on_cpu else compute.trainings_at_once
    folder = (job.checkpoint or job.output("architectures")).with_suffix("")
    forget_if_stale(job, folder)
    with grid_workers(min(at_once, len(settings.architectures))) as workers:
        grid: dict[str, list[TrainedArchitecture]] = {}
        for splits, sequences in sequences_by_training(job, settings, compute, folder):
            place = folder / next(iter(splits.values())).name
            trained = train_architectures(sequences, settings, job.seed or 0, place, workers)
            for part, split in splits.items():
                grid[split.name] = [by_part[part] for by_part in trained]
    chosen = {}
    for together in chosen_together(job.splits):
        best = best_architecture({name: grid[name] for name in together}, settings.choose_by)
        chosen |= dict.fromkeys(together, best)
    others = chosen_for_other(chosen, job.splits)
    for name, candidates in grid.items():
        by_size = {each.architecture.name: each for each in candidates}
        _write_split(job, name, by_size[chosen[name].name], settings)
        with writing(job.output("crossed", name)) as unfinished:
            shutil.copyfile(by_size[others[name].name].folder / POSTERIORS, unfinished)
    with writing(job.output("architectures")) as unfinished:
        table = architectures_table({name: grid[name] for name in job.splits})
        table["chosen"] = table["architecture"] == table["split"].map(
            {name: best.name for name, best in chosen.items()}
        )
        table.to_csv(unfinished, index=False)
    shutil.rmtree(folder)


def _sequences_by_training(
    job: ModelJob, settings: BiLstmSettings, compute: Compute, folder: Path
) -> Iterator[tuple[dict[str, Split], StoredSequences]]:
    """Features of each training's items, with the splits that share it by the part that chooses.

    They are made once where trainings share network and items.
    """
    device = prepare_device(job.seed)
    frames, saliency = (read_ragged(job.inputs[kind]) for kind in ("frames", "saliency"))
    spans, items = spans_of(job), read_items(job.one("items"))
    made: tuple[Path, StoredSequences] | None = None
    sharing: dict[tuple[Path, tuple[str, ...]], list[Split]] = {}
    for name, path in job.of_splits("model").items():
        sharing.setdefault((path, job.splits[name].train), []).append(job.splits[name])
    for (path, _), shared in sharing.items():
        splits = choosing_parts(shared)
        split = shared[0]
        loaded = put_on_device(frames, saliency, spans, items, job.classes, split, device)
        if made is None or made[0] != path or made[1].items.names != loaded.items.names:
            # A training in this very process leaves one thread behind.
            torch.set_num_threads(compute.threads)
            network = read_spatial_transformer(path, device)
            file = folder / "features.float32"
            made = path, store_sequences(network, loaded, settings.layer, file)
        part = loaded.part
        del loaded  # as large as what was read, and not needed while the split is trained on
        yield splits, dataclasses.replace(made[1], part=part, choosing_parts=tuple(splits))


def chosen_for_other(
    chosen: Mapping[str, Architecture], splits: Mapping[str, Split]
) -> dict[str, Architecture]:
    """By split what was chosen for the other one of its training, which has the parts turned.

    A split that has its training for itself keeps its own.
    """
    by_parts = {(split.test, split.choose): chosen[name] for name, split in splits.items()}
    return {name: by_parts[split.choose, split.test] for name, split in splits.items()}


def _write_split(
    job: ModelJob, split: str, trained: TrainedArchitecture, settings: SequenceSettings
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
    state = read_model(trained.folder / WEIGHTS, torch.device("cpu"))
    write_network(job.output("model", split), state, provenance)
    write_history(job.output("history", split), trained.history)
    for name, file in (("attention", ATTENTION), (PREDICTIONS, POSTERIORS)):
        with writing(job.output(name, split)) as unfinished:
            shutil.copyfile(trained.folder / file, unfinished)


def train_architectures(
    sequences: StoredSequences,
    settings: SequenceSettings,
    seed: int,
    folder: Path,
    workers: Executor | None,
) -> list[dict[str, TrainedArchitecture]]:
    """Train every architecture of the settings once, each in a folder of its own name.

    Each comes as what the parts that choose kept of it, by part.

    Each training draws from its own seed and, on the CPU, takes one thread, so that how many run
    side by side changes no number.  Without workers the trainings run here, one after the other.

    A UserError if the system kills a worker.
    """
    trainings = [
        (sequences, settings, architecture, seed, folder / architecture.name)
        for architecture in settings.architectures
    ]
    if workers is None:
        return [train_architecture(*training) for training in trainings]
    try:
        return list(workers.map(train_architecture, *zip(*trainings, strict=True)))
    except BrokenProcessPool as error:
        raise UserError(
            "a process that trained the bi-LSTM was killed, most likely for want of memory: give "
            "the job more, or lower compute.threads (compute.trainings_at_once on a GPU), and run "
            "the same command again, which goes on from the last checkpoints"
        ) from error


def train_architecture(
    sequences: StoredSequences,
    settings: SequenceSettings,
    architecture: Architecture,
    seed: int,
    folder: Path,
) -> dict[str, TrainedArchitecture]:
    """Train one architecture and write what it leaves for every part that chooses, by part."""
    make_deterministic(seed, threads=1)
    on_device = sequences.on(choose_device(Compute.from_environment().device))
    width = on_device.features.shape[1]
    network = build_network(width, architecture, settings.dropout, sequences.task.outputs)
    training = SequenceTraining(network.to(on_device.labels.device), on_device, settings)
    plan, checkpoint = fit_plan(settings, seed), folder / "checkpoint.safetensors"
    found = {}
    for part, kept in fit_for_each(training, plan, checkpoint).items():
        network.load_state_dict(kept.weights)
        posteriors, attention = training.results()
        seen = parts_for(posteriors.part, part)
        write_model(folder / part / WEIGHTS, network.state_dict(), {})
        write_ragged(folder / part / ATTENTION, attention)
        write_predictions(folder / part / POSTERIORS, dataclasses.replace(posteriors, part=seen))
        tested = int((seen == TEST).sum())
        found[part] = TrainedArchitecture(architecture, kept.history, tested, folder / part)
    return found


def architectures_table(grid: Mapping[str, Sequence[TrainedArchitecture]]) -> pd.DataFrame:
    """A row per architecture and split: its size, and the scores of its kept epoch."""
    rows = [
        {
            "architecture": trained.architecture.name,
            **trained.architecture.model_dump(),
            "split": split,
            "test_items": trained.test_items,
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
