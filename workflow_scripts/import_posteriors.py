"""Bring the posteriors of a model trained elsewhere into this project's form, for one split."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.errors import UserError
from mmer.external.assembly import assemble
from mmer.external.layouts import ExternalLayout
from mmer.external.tables import read_external_table
from mmer.posteriors import write_posteriors


def main(arguments: argparse.Namespace) -> None:
    """Read the tables of both parts, check them against the split, write posteriors."""
    try:
        layout = ExternalLayout.model_validate_json(arguments.layout)
    except ValidationError as error:
        raise UserError(f"--layout does not describe a table: {error}") from error
    split = Split.from_json(arguments.split)
    train = arguments.train and read_external_table(arguments.train, layout)
    posteriors = assemble(
        split,
        layout,
        train,
        read_external_table(arguments.heldout, layout),
        arguments.clips_per_actor,
        arguments.clips and arguments.clips.read_text("utf-8").split(),
    )
    write_posteriors(arguments.out, posteriors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, help="table of the rows trained on, if published")
    parser.add_argument("--heldout", type=Path, required=True, help="table of the held-out rows")
    parser.add_argument("--layout", required=True, help="ExternalLayout as JSON")
    parser.add_argument("--split", required=True, help="split as JSON")
    parser.add_argument("--clips-per-actor", type=int, help="60 in RAVDESS")
    parser.add_argument("--clips", type=Path, help="all clip names of the corpus, one a line")
    parser.add_argument("--out", type=Path, required=True, help="posteriors.csv")
    run(parser, main)
