"""Make the 48×48 saliency maps of one actor's frames.

The clips are decoded here once more, and nothing is kept of their whole frames: gigabytes that a
later run would have to make again, with audio and frames, whenever the saliency changes.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mmer.entry import run
from mmer.prepare.clip_files import find_clips
from mmer.prepare.decoding import FRAME_RATE, decode_whole_frames
from mmer.prepare.saliency import square_maps
from mmer.saliency_job import add_saliency_options, method_of
from mmer.store import Ragged, write_ragged

BATCH = 64
"""Frames mapped at a time."""

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--clips", type=Path, nargs="+", required=True, help="files, or one folder")
add_saliency_options(parser)
parser.add_argument("--saliency", type=Path, required=True, help="where to write the maps")


def main(arguments: argparse.Namespace) -> None:
    """Map whole frames, then crop and resize the maps as the frames were."""
    method = method_of(arguments)
    files = find_clips(arguments.clips)
    maps = []
    for file in tqdm(files, unit="clip", mininterval=5):
        pictures = decode_whole_frames(file)
        starts = range(0, len(pictures), BATCH)
        squares = [square_maps(method.maps(pictures[at : at + BATCH])) for at in starts]
        maps.append(np.concatenate(squares))
    write_ragged(arguments.saliency, Ragged.join([file.stem for file in files], maps, FRAME_RATE))


if __name__ == "__main__":
    run(parser, main)
