"""Write the posteriors of the majority class (ZeroR) of every split."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.folds import read_splits
from mmer.entry import run
from mmer.evaluation.baselines import majority_posteriors, read_clip_names
from mmer.posteriors import write_posteriors


def main(arguments: argparse.Namespace) -> None:
    """Count and write."""
    names = read_clip_names(arguments.clips_from)
    for name, split in read_splits(arguments.splits).items():
        majority = majority_posteriors(names, split)
        write_posteriors(arguments.posteriors_folder / f"{name}.csv", majority)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clips-from",
        type=Path,
        nargs="+",
        required=True,
        help="NPZ files of prepared audio or frames, of which only the clip names are read",
    )
    parser.add_argument("--splits", required=True, help="JSON: a split per name")
    parser.add_argument("--posteriors-folder", type=Path, required=True, help="<split>.csv")
    run(parser, main)
