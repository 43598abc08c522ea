"""Fine-tune AlexNet on one split and write the model, its history and all posteriors."""

from __future__ import annotations

import argparse

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.speech.alexnet_checkpoint import initial_alexnet
from mmer.speech.alexnet_fine_tuning import AlexNetFineTuning, fit_plan
from mmer.speech.alexnet_settings import AlexNetSettings
from mmer.speech.fine_tuning_job import fine_tuning_options, train_and_write
from mmer.speech.images_on_device import load_images
from mmer.store import read_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import spans_of_variant


def main(arguments: argparse.Namespace) -> None:
    """Start from the configured weights and train."""
    settings = AlexNetSettings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    network = initial_alexnet(
        settings.weights, settings.width, arguments.weights, arguments.weights_sha256
    ).to(device)
    audio = read_ragged(arguments.audio)
    spans, split = spans_of_variant(arguments), Split.from_json(arguments.split)
    clips = load_images(audio, spans, split, settings.image, settings.clip_seconds, device)
    task = AlexNetFineTuning(network, clips, settings)
    train_and_write(arguments, task, fit_plan(settings, arguments.seed), settings)


if __name__ == "__main__":
    run(fine_tuning_options(__doc__), main)
