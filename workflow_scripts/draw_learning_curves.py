"""Draw the learning curves of every trained model, as SVG and PNG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.report.figure_names import file_stems
from mmer.report.learning_curves import learning_curves_figure
from mmer.report.style import house_style, save_figure


def main(arguments: argparse.Namespace) -> None:
    """Read the histories and draw a figure per model."""
    histories, titles = json.loads(arguments.histories), json.loads(arguments.titles)
    with house_style():
        for model, stem in file_stems(histories).items():
            paths = {split: Path(path) for split, path in histories[model].items()}
            title = f"Training of {titles[model]}"
            figure = learning_curves_figure(paths, title, arguments.corpus_label)
            save_figure(figure, arguments.out / f"learning_curves_{stem}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--histories", required=True, help='JSON: {"model/variant": {"heldout0": "history.csv"}}'
    )
    parser.add_argument("--titles", required=True, help='JSON: {"model/variant": "title"}')
    parser.add_argument("--corpus-label", required=True, help="what the models were trained on")
    parser.add_argument("--out", type=Path, required=True, help="folder of the figures")
    run(parser, main)
