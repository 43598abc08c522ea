"""The step of the bi-LSTM: the grid of architectures on every split, and what the best one says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import torch

from mmer.items import read_items
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.models.bilstm import BiLstmSettings
from mmer.models.networks.bilstm_grid import (
    TrainedArchitecture,
    architectures_table,
    best_architecture,
    grid_workers,
    train_architectures,
)
from mmer.models.networks.bilstm_training import Sequences, sequences_of
from mmer.models.networks.spatial_transformer_checkpoint import read_spatial_transformer
from mmer.predictions import write_predictions
from mmer.ragged import read_ragged, write_ragged
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.training.device import choose_device
from mmer.training.frames import put_on_device
from mmer.training.job import prepare_device, spans_of, write_history, write_network


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
    device = prepare_device(job, compute)
    frames, saliency = (read_ragged(job.inputs[kind]) for kind in ("frames", "saliency"))
    spans, items = spans_of(job), read_items(job.one("items"))
    made: tuple[Path, Sequences] | None = None
    for name, path in job.of_splits("model").items():
        split = job.splits[name]
        loaded = put_on_device(frames, saliency, spans, items, job.classes, split, device)
        if made is None or made[0] != path or made[1].items.names != loaded.items.names:
            # A training in this very process leaves one thread behind.
            torch.set_num_threads(compute.threads)
            made = (
                path,
                sequences_of(read_spatial_transformer(path, device), loaded, settings.layer),
            )
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
