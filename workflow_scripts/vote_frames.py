"""Max voting over the frames of every clip."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.face.voting import vote_clips
from mmer.posteriors import write_posteriors
from mmer.store import read_ragged


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frame-logits", type=Path, required=True)
    parser.add_argument("--split", required=True, help="JSON: name, train_actors, heldout_actors")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Let the frames vote and write one posterior per clip."""
    split = Split.from_json(arguments.split)
    write_posteriors(arguments.posteriors, vote_clips(read_ragged([arguments.frame_logits]), split))


if __name__ == "__main__":
    run(command_line(), main)
