"""Train the grid of bi-LSTMs with attention on every split; write what the best one says."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from mmer.corpus.folds import Split, read_splits
from mmer.entry import run
from mmer.errors import UserError
from mmer.face.frames_on_device import load_frames
from mmer.face.sequence_grid import (
    TrainedArchitecture,
    architectures_table,
    best_architecture,
    grid_workers,
    train_architectures,
)
from mmer.face.sequence_training import Sequences, sequences_of
from mmer.face.settings import BiLstmSettings
from mmer.face.stn_checkpoint import read_spatial_transformer
from mmer.posteriors import write_posteriors
from mmer.store import read_ragged, write_ragged, writing
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import (
    add_variant_options,
    compute_options,
    spans_of_variant,
    write_history,
    write_network,
)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = compute_options(__doc__)
    add_variant_options(parser)
    parser.add_argument("--splits", required=True, help="JSON: a split per name")
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--saliency", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument(
        "--spatial-transformers",
        type=Path,
        nargs="+",
        required=True,
        help="trained models in the order of the splits, or one for all",
    )
    parser.add_argument(
        "--at-once", type=int, default=1, help="trainings that share a GPU; a CPU's share threads"
    )
    parser.add_argument("--models-folder", type=Path, required=True, help="a folder per split")
    parser.add_argument("--posteriors-folder", type=Path, required=True, help="<split>.csv")
    parser.add_argument("--architectures", type=Path, required=True, help="CSV of the whole grid")
    return parser


def sequences_by_split(
    arguments: argparse.Namespace, settings: BiLstmSettings, splits: dict[str, Split]
) -> Iterator[tuple[str, Sequences]]:
    """Features of each split's clips; made once where splits share network and clips."""
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    frames, saliency = read_ragged(arguments.frames), read_ragged(arguments.saliency)
    spans = spans_of_variant(arguments)
    networks = arguments.spatial_transformers
    if len(networks) not in (1, len(splits)):
        raise UserError(
            f"{len(networks)} spatial transformers are given for {len(splits)} splits: give one "
            "for each, or one for all"
        )
    networks = networks * len(splits) if len(networks) == 1 else networks
    made: tuple[Path, Sequences] | None = None
    for (name, split), path in zip(splits.items(), networks, strict=True):
        loaded = load_frames(frames, saliency, spans, split, device)
        if made is None or made[0] != path or made[1].clips != loaded.clips:
            torch.set_num_threads(arguments.threads)
            network = read_spatial_transformer(path, device)
            made = path, sequences_of(network, loaded, settings.layer)
        yield name, dataclasses.replace(made[1], part=np.asarray(loaded.part))


def checkpoint_of(base: Path | None, split: str, architecture: str) -> Path | None:
    """Where one training of the grid keeps its state."""
    return base and base.with_name(f"{base.stem}_{split}_{architecture}.safetensors")


def write_split(
    arguments: argparse.Namespace,
    split: Split,
    trained: TrainedArchitecture,
    settings: BiLstmSettings,
) -> None:
    """Write weights, history, attention and posteriors of the chosen architecture."""
    folder = arguments.models_folder / split.name
    provenance = {
        "initial_weights": "random",
        "variant": arguments.variant,
        "split": dataclasses.asdict(split),
        "seed": arguments.seed,
        "settings": settings.model_dump(mode="json", exclude={"architectures"}),
        "architecture": trained.architecture.model_dump(),
    }
    write_network(folder / "model.safetensors", trained.state, provenance)
    write_history(folder / "history.csv", trained.history)
    write_ragged(folder / "attention.npz", trained.attention)
    write_posteriors(arguments.posteriors_folder / f"{split.name}.csv", trained.posteriors)


def main(arguments: argparse.Namespace) -> None:
    """Train the grid split by split, choose, write; the checkpoints go when all else is there."""
    settings = BiLstmSettings.model_validate_json(arguments.settings)
    splits = read_splits(arguments.splits)
    on_cpu = choose_device(arguments.device).type == "cpu"
    at_once = min(arguments.threads if on_cpu else arguments.at_once, len(settings.architectures))
    checkpoints = {
        split: {
            architecture.name: checkpoint_of(arguments.checkpoint, split, architecture.name)
            for architecture in settings.architectures
        }
        for split in splits
    }
    with grid_workers(at_once) as workers:
        grid = {
            name: train_architectures(
                sequences, settings, arguments.seed, checkpoints[name], workers
            )
            for name, sequences in sequences_by_split(arguments, settings, splits)
        }
    chosen = best_architecture(grid, settings.choose_by)
    for name, candidates in grid.items():
        trained = next(each for each in candidates if each.architecture == chosen)
        write_split(arguments, splits[name], trained, settings)
    with writing(arguments.architectures) as unfinished:
        table = architectures_table(grid)
        table["chosen"] = table["architecture"] == chosen.name
        table.to_csv(unfinished, index=False)
    for of_split in checkpoints.values():
        for checkpoint in filter(None, of_split.values()):
            checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    run(command_line(), main)
