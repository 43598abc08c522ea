"""Extract the clips that the workflow uses from one actor's archive."""

import argparse
import logging
from pathlib import Path

from tqdm import tqdm

from mmer.acquire.archive import extract_clips
from mmer.entry import run
from mmer.writing import writing

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--archive", type=Path, required=True)
parser.add_argument("--actor", type=int, required=True)
parser.add_argument("--clips", type=int, required=True, help="how many there must be")
parser.add_argument("--out", type=Path, required=True, help="folder for the clips")


def main(arguments: argparse.Namespace) -> None:
    """Extract all clips, or nothing."""
    with writing(arguments.out) as unfinished:
        names = extract_clips(
            arguments.archive,
            unfinished,
            arguments.actor,
            arguments.clips,
            progress=lambda members: tqdm(members, unit="clip", mininterval=5),
        )
    logging.info("%d clips", len(names))


if __name__ == "__main__":
    run(parser, main)
