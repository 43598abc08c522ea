"""Fit a support vector classifier on embeddings for every split and write all posteriors."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mmer.corpus.folds import read_splits
from mmer.entry import run
from mmer.posteriors import write_posteriors
from mmer.speech.embeddings import read_embeddings
from mmer.speech.support_vector import classify_split
from mmer.speech.support_vector_settings import SupportVectorSettings

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embeddings", type=Path, required=True, help="NPZ of every clip")
    parser.add_argument(
        "--splits",
        required=True,
        help="JSON: {name: {name, train_actors, heldout_actors}}, a name per file to write",
    )
    parser.add_argument("--settings", required=True, help="the classifier's settings as JSON")
    parser.add_argument("--out-folder", type=Path, required=True, help="folder of <split>.csv")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Classify split by split; each takes seconds."""
    settings = SupportVectorSettings.model_validate_json(arguments.settings)
    embeddings = read_embeddings(arguments.embeddings)
    for name, split in read_splits(arguments.splits).items():
        posteriors = classify_split(embeddings, split, settings)
        heldout = posteriors.only("heldout")
        accuracy = 100 * (heldout.predicted == heldout.labels).mean()
        log.info("%s: %.2f %% of %d held-out clips", name, accuracy, len(heldout.clips))
        write_posteriors(arguments.out_folder / f"{name}.csv", posteriors)


if __name__ == "__main__":
    run(command_line(), main)
