"""Write CNN-14's embedding of every clip, each at its own length."""

from __future__ import annotations

import argparse

from mmer.entry import run
from mmer.speech.cnn14_embedding import embed_clips, embedding_network
from mmer.speech.cnn14_settings import Cnn14EmbeddingSettings
from mmer.speech.embedding_job import extraction_options
from mmer.speech.embeddings import write_embeddings
from mmer.store import read_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import spans_of_variant


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    return extraction_options(__doc__)


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
