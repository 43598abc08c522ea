"""Evaluate systems on their held-out folds and lay every number beside the paper's."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.evaluation import tables
from mmer.evaluation.paper import find_in_paper
from mmer.evaluation.request import read_requests
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.significance_table import significance_table
from mmer.evaluation.summary_table import summary_table
from mmer.fusion.tables import write_table


def main(arguments: argparse.Namespace) -> None:
    """Read all answers, compute the statistics, write seven tables."""
    settings = EvaluationSettings.model_validate_json(arguments.settings)
    requests, rows = read_requests(arguments.systems, arguments.fusion, arguments.paper_rows)
    paper = {name: find_in_paper(arguments.paper, row) for name, row in rows.items()}
    systems = [request.load() for request in requests]
    made = {
        "accuracies": tables.accuracies_table(systems),
        "summary": summary_table(systems, paper, settings, arguments.seed),
        "confusion": tables.confusion_table(systems),
        "significance": significance_table(systems, settings, arguments.seed),
        "groups": tables.groups_table(systems),
        "calibration": tables.calibration_table(systems, settings),
        "predictions": tables.predictions_table(systems),
    }
    for name, table in made.items():
        write_table(arguments.out / f"{name}.csv", table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--systems",
        required=True,
        help="JSON list of {name, title, modality, variant} with one of posteriors: {split: path}, "
        "not_run: reason, or constant and source; optionally merged: [[emotion, emotion]]",
    )
    parser.add_argument(
        "--fusion",
        default="[]",
        help="JSON list of {name, title, variant, predictions: path or not_run}",
    )
    parser.add_argument("--paper", type=Path, required=True, help="folder of the paper's tables")
    parser.add_argument(
        "--paper-rows", default="{}", help="JSON: {system: {table, row: {column: value}, column}}"
    )
    parser.add_argument("--settings", default="{}", help="EvaluationSettings as JSON")
    parser.add_argument("--seed", type=int, required=True, help="of the bootstrap over actors")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    run(parser, main)
