"""Logits of every frame of every clip by a trained spatial transformer that is not fine-tuned."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.face.fine_tuning import logits_of_frames
from mmer.face.frames_on_device import load_frames
from mmer.face.stn_checkpoint import read_spatial_transformer
from mmer.store import read_ragged, write_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.job import add_variant_options, spans_of_variant


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_variant_options(parser)
    parser.add_argument("--spatial-transformer", type=Path, required=True, help="safetensors")
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--saliency", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frame-logits", type=Path, required=True, help="NPZ to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Run the network over all frames of the variant."""
    device = choose_device(arguments.device)
    make_deterministic(0, arguments.threads)
    frames = load_frames(
        read_ragged(arguments.frames),
        read_ragged(arguments.saliency),
        spans_of_variant(arguments),
        None,
        device,
    )
    network = read_spatial_transformer(arguments.spatial_transformer, device)
    write_ragged(arguments.frame_logits, logits_of_frames(network, frames))


if __name__ == "__main__":
    run(command_line(), main)
