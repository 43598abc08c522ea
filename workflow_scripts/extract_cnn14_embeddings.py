"""Write CNN-14's embedding of every clip, each at its own length."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.speech.cnn14_embedding import embed_clips, embedding_network
from mmer.speech.cnn14_settings import Cnn14EmbeddingSettings
from mmer.speech.embeddings import write_embeddings
from mmer.store import read_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import add_weights_options, spans_of_variant


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--variant", choices=["full", "vad"], required=True)
    parser.add_argument("--spans", type=Path, nargs="+", help="speech spans per actor, for vad")
    parser.add_argument("--settings", required=True, help="the extractor's settings as JSON")
    add_weights_options(parser)
    parser.add_argument("--seed", type=int, required=True, help="of random weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--embeddings", type=Path, required=True, help="NPZ to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Load, embed, write."""
    settings = Cnn14EmbeddingSettings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    network = embedding_network(settings, arguments.weights, arguments.weights_sha256).to(device)
    audio, spans = read_ragged(arguments.audio), spans_of_variant(arguments)
    write_embeddings(arguments.embeddings, embed_clips(network, audio, spans))


if __name__ == "__main__":
    run(command_line(), main)
