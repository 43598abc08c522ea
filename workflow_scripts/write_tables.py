"""Write the tables of results as HTML, CSV, Markdown and LaTeX, each beside the paper's numbers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.evaluation.settings import PaperRow
from mmer.report.evaluation_folder import GROUP_COLUMNS, read_evaluation, read_table
from mmer.report.fusion_table import fusion_table
from mmer.report.group_figure import group_table
from mmer.report.paper_numbers import paper_numbers
from mmer.report.plain_table import markdown_text
from mmer.report.result_tables import (
    headline_table,
    headline_tests_table,
    modality_table,
    significance_table,
    summary_table,
)
from mmer.report.table_files import write_table, write_text
from mmer.report.verdicts import verdicts_table


def main(arguments: argparse.Namespace) -> None:
    """Read the evaluation and write the tables and the headline."""
    evaluation = read_evaluation(arguments.evaluation)
    grids = {name: Path(path) for name, path in json.loads(arguments.fusion_grids).items()}
    label, paper, out = arguments.corpus_label, arguments.paper, arguments.out
    write_table(out, "speech", modality_table(evaluation, "speech", label, paper))
    write_table(out, "face", modality_table(evaluation, "face", label, paper))
    write_table(out, "fusion", fusion_table(grids, label, paper))
    write_table(out, "significance", significance_table(evaluation, label))
    rows = {name: PaperRow(**row) for name, row in json.loads(arguments.paper_rows).items()}
    numbers = paper_numbers(paper)
    write_table(out, "verdicts", verdicts_table(numbers, evaluation, rows, grids, label))
    groups = read_table(arguments.evaluation / "groups.csv", GROUP_COLUMNS)
    write_table(out, "groups", group_table(groups, evaluation, label))
    write_table(out, "summary", summary_table(evaluation, label))
    # The workflow prints this one at its end, so it holds what fits a terminal.
    headline = [headline_table(evaluation, label), headline_tests_table(evaluation, label)]
    write_text(out / "summary.md", "\n".join(markdown_text(table) for table in headline))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of the evaluation")
    parser.add_argument("--fusion-grids", default="{}", help='JSON: {"pairing": "grid.csv"}')
    parser.add_argument("--paper-rows", default="{}", help="JSON: the paper's row by system")
    parser.add_argument("--corpus-label", required=True, help="what the numbers were measured on")
    parser.add_argument(
        "--paper",
        type=Path,
        default=Path(__file__).parents[1] / "resources" / "paper",
        help="folder of the paper's tables",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    run(parser, main)
