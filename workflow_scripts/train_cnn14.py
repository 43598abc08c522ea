"""Fine-tune CNN-14 on one split and write the model, its history and all posteriors."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.posteriors import write_posteriors
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.speech.panns_checkpoint import start_from
from mmer.store import read_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit
from mmer.training.job import (
    add_weights_options,
    forget_checkpoint,
    spans_of_variant,
    training_options,
    write_training,
)

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = training_options(__doc__)
    add_weights_options(parser)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    settings = Cnn14Settings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    network = start_from(
        build_network(settings), settings.weights, arguments.weights, arguments.weights_sha256
    ).to(device)
    audio = read_ragged(arguments.audio)
    spans, split = spans_of_variant(arguments), Split.from_json(arguments.split)
    clips = load_log_mels(audio, spans, split, settings.clip_seconds, device)
    task = Cnn14FineTuning(network, clips, settings)
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    log.info("CNN-14 of %.2f million parameters, %d clips", millions, len(clips.names))
    history = fit(task, fit_plan(settings, arguments.seed), arguments.checkpoint)
    write_training(arguments, network, history, settings, settings.weights)
    write_posteriors(arguments.posteriors, task.posteriors())
    forget_checkpoint(arguments)


if __name__ == "__main__":
    run(command_line(), main)
