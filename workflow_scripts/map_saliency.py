"""Make the 48×48 saliency maps of one actor's frames."""

import argparse
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from mmer.entry import run
from mmer.prepare.saliency import square_maps
from mmer.saliency_job import add_saliency_options, method_of
from mmer.store import Ragged, read_ragged, write_ragged

BATCH = 64
"""Frames read at a time."""

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--saliency-input", type=Path, required=True)
parser.add_argument("--frames", type=Path, required=True, help="for the clips and their lengths")
add_saliency_options(parser)
parser.add_argument("--saliency", type=Path, required=True, help="where to write the maps")


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
