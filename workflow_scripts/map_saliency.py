"""Make the 48×48 saliency maps of one actor's frames."""

import argparse
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from mmer.entry import run
from mmer.errors import UserError
from mmer.prepare.saliency import SaliencyMethod, saliency_method, square_maps
from mmer.prepare.settings import SaliencySettings
from mmer.store import Ragged, read_ragged, write_ragged

BATCH = 64
"""Frames read at a time."""

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--saliency-input", type=Path, required=True)
parser.add_argument("--frames", type=Path, required=True, help="for the clips and their lengths")
parser.add_argument("--settings", required=True, help="SaliencySettings as JSON")
parser.add_argument("--weights", type=Path, help="converted weights, for the method msi_net")
parser.add_argument("--device", default="auto")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--saliency", type=Path, required=True, help="where to write the maps")


def method_of(arguments: argparse.Namespace) -> SaliencyMethod:
    """The configured method on its device."""
    settings = SaliencySettings.model_validate_json(arguments.settings)
    if settings.method == "spectral_residual":
        return saliency_method(settings)
    if arguments.weights is None:
        raise UserError(
            "the saliency method msi_net needs weights: give --weights, or set saliency.method to "
            "spectral_residual"
        )
    # Importing torch costs seconds that the method without a network need not spend.
    from mmer.training.checkpoint import read_model
    from mmer.training.device import choose_device, make_deterministic

    device = choose_device(arguments.device)
    make_deterministic(0, arguments.threads)
    return saliency_method(settings, read_model(arguments.weights, device), device)


def main(arguments: argparse.Namespace) -> None:
    """Map whole frames, then crop and resize the maps as the frames were."""
    method = method_of(arguments)
    frames = read_ragged([arguments.frames])
    with h5py.File(arguments.saliency_input) as store:
        pictures = store["frames"]
        assert len(pictures) == len(frames.values), "one saliency input per frame"
        starts = range(0, len(pictures), BATCH)
        maps = [
            square_maps(method.maps(pictures[start : start + BATCH]))
            for start in tqdm(starts, unit="batch", mininterval=5)
        ]
    values = np.concatenate(maps)
    write_ragged(arguments.saliency, Ragged(frames.clips, values, frames.offsets, frames.rate))


if __name__ == "__main__":
    run(parser, main)
