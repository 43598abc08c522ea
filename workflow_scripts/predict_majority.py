"""Write the posteriors of the majority class (ZeroR) of one split."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.evaluation.baselines import majority_posteriors, read_clip_names
from mmer.posteriors import write_posteriors


def main(arguments: argparse.Namespace) -> None:
    """Count and write."""
    names, split = read_clip_names(arguments.clips_from), Split.from_json(arguments.split)
    write_posteriors(arguments.posteriors, majority_posteriors(names, split))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clips-from",
        type=Path,
        nargs="+",
        required=True,
        help="NPZ files of prepared audio or frames, of which only the clip names are read",
    )
    parser.add_argument("--split", required=True, help="JSON: name, train_actors, heldout_actors")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    run(parser, main)
