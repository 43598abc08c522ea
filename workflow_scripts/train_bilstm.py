"""Train the bi-LSTM with attention on one split's frames; write posteriors and attention."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.face.frames_on_device import load_frames
from mmer.face.sequence_training import (
    SequenceTraining,
    build_network,
    fit_plan,
    sequences_of,
)
from mmer.face.settings import BiLstmSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.posteriors import write_posteriors
from mmer.store import read_ragged, write_ragged
from mmer.training.checkpoint import read_model
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit
from mmer.training.job import (
    forget_checkpoint,
    spans_of_variant,
    training_options,
    write_training,
)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = training_options(__doc__)
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--saliency", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--spatial-transformer", type=Path, required=True, help="trained model")
    parser.add_argument("--attention", type=Path, required=True, help="NPZ to write")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    settings = BiLstmSettings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    state = read_model(arguments.spatial_transformer, device)
    base = move_to(GuidedSpatialTransformer(classes=len(state["fc2.bias"])), device)
    base.load_state_dict(state)
    frames = load_frames(
        read_ragged(arguments.frames),
        read_ragged(arguments.saliency),
        spans_of_variant(arguments),
        Split.from_json(arguments.split),
        device,
    )
    sequences = sequences_of(base, frames, settings.layer)
    network = build_network(sequences.features.shape[1], settings).to(device)
    task = SequenceTraining(network, sequences, settings)
    history = fit(task, fit_plan(settings, arguments.seed), arguments.checkpoint)
    write_training(arguments, network, history, settings, "random")
    posteriors, attention = task.results()
    write_ragged(arguments.attention, attention)
    write_posteriors(arguments.posteriors, posteriors)
    forget_checkpoint(arguments)


if __name__ == "__main__":
    run(command_line(), main)
