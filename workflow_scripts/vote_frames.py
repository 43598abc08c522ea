"""Max voting over the frames of every clip, for every split."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.folds import read_splits
from mmer.entry import run
from mmer.errors import UserError
from mmer.face.voting import vote_clips
from mmer.posteriors import write_posteriors
from mmer.store import read_ragged


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--frame-logits",
        type=Path,
        nargs="+",
        required=True,
        help="NPZ in the order of the splits, or one for all",
    )
    parser.add_argument("--splits", required=True, help="JSON: a split per name")
    parser.add_argument("--posteriors-folder", type=Path, required=True, help="<split>.csv")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Let the frames vote and write one posterior per clip and split."""
    splits, files = read_splits(arguments.splits), arguments.frame_logits
    if len(files) not in (1, len(splits)):
        raise UserError(
            f"{len(files)} files of frame logits are given for {len(splits)} splits: give one for "
            "each, or one for all"
        )
    files = files * len(splits) if len(files) == 1 else files
    for (name, split), file in zip(splits.items(), files, strict=True):
        voted = vote_clips(read_ragged([file]), split)
        write_posteriors(arguments.posteriors_folder / f"{name}.csv", voted)


if __name__ == "__main__":
    run(command_line(), main)
