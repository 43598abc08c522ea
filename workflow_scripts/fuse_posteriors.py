"""Fuse the posteriors of two or more systems: the whole grid of classifiers, every split."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings
from mmer.fusion.tables import grid_of, write_table
from mmer.posteriors import read_posteriors


def main(arguments: argparse.Namespace) -> None:
    """Read the posteriors, fuse them, write the predictions and the grid of accuracies."""
    settings = FusionSettings.model_validate_json(arguments.settings)
    systems = {
        name: {split: read_posteriors(Path(path)) for split, path in paths.items()}
        for name, paths in json.loads(arguments.systems).items()
    }
    predictions = fuse(systems, settings, arguments.threads)
    write_table(arguments.out, predictions)
    write_table(arguments.grid, grid_of(predictions))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--systems", required=True, help='JSON: {"system": {"heldout0": "posteriors.csv", ...}}'
    )
    parser.add_argument("--settings", required=True, help="FusionSettings as JSON")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="predictions.csv, held-out clips")
    parser.add_argument("--grid", type=Path, required=True, help="grid.csv, accuracy per split")
    run(parser, main)
