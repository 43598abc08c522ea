"""Bring the published spatial transformer of three valence classes into the workflow's own form."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.affectnet import VALENCE_CLASSES
from mmer.entry import run
from mmer.face.stn_checkpoint import read_published
from mmer.training.job import add_weights_options, file_sha256, write_network


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_weights_options(parser, required=True)
    parser.add_argument("--model", type=Path, required=True, help="safetensors to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Check, convert and write all layers, the last one too."""
    network = read_published(arguments.weights, arguments.weights_sha256)
    provenance = {
        "published_checkpoint": arguments.weights.name,
        "sha256": file_sha256(arguments.weights),
        "corpus": "AffectNet",
        "target": "valence",
        "classes": VALENCE_CLASSES,
    }
    write_network(arguments.model, network.state_dict(), provenance)


if __name__ == "__main__":
    run(command_line(), main)
