"""Fine-tune the guided spatial transformer on one split's frames; write logits of all frames."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mmer.acceleration import compile_where_asked
from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.face.fine_tuning import SpatialTransformerFineTuning, fit_plan, logits_of_frames
from mmer.face.frames_on_device import load_frames
from mmer.face.settings import SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.face.stn_checkpoint import start_from
from mmer.store import read_ragged, write_ragged
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit
from mmer.training.job import (
    file_sha256,
    forget_checkpoint,
    spans_of_variant,
    training_options,
    write_training,
)

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = training_options(__doc__)
    parser.add_argument(
        "--start-from", type=Path, help="safetensors of a trained one; without it, random weights"
    )
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--saliency", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--frame-logits", type=Path, required=True, help="NPZ to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    settings = SpatialTransformerSettings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    network = GuidedSpatialTransformer(dropout=settings.dropout)
    initial_weights = "random"
    if arguments.start_from is not None:
        start_from(network, arguments.start_from)
        initial_weights = f"{arguments.start_from.parent.name}, {file_sha256(arguments.start_from)}"
    frames = load_frames(
        read_ragged(arguments.frames),
        read_ragged(arguments.saliency),
        spans_of_variant(arguments),
        Split.from_json(arguments.split),
        device,
    )
    log.info("%d frames of %d clips", len(frames.images), len(frames.clips))
    task = SpatialTransformerFineTuning(move_to(network, device), frames, settings)
    compile_where_asked(network)
    history = fit(task, fit_plan(settings, arguments.seed), arguments.checkpoint)
    write_training(arguments, network, history, settings, initial_weights)
    write_ragged(arguments.frame_logits, logits_of_frames(network, frames))
    forget_checkpoint(arguments)


if __name__ == "__main__":
    run(command_line(), main)
