"""Fine-tune CNN-14 on one split and write the model, its history and all posteriors."""

from __future__ import annotations

import argparse

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.fine_tuning_job import fine_tuning_options, train_and_write
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.speech.panns_checkpoint import start_from
from mmer.store import read_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import spans_of_variant


def main(arguments: argparse.Namespace) -> None:
    """Start from the configured weights and train."""
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
    train_and_write(arguments, task, fit_plan(settings, arguments.seed), settings)


if __name__ == "__main__":
    run(fine_tuning_options(__doc__), main)
