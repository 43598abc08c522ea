"""Write the first page of the report: what was run, the headline, and links to everything."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.report.evaluation_folder import read_evaluation, read_table
from mmer.report.landing import Page, confusion_pages, landing
from mmer.report.paper_numbers import top_results
from mmer.report.table_files import write_text


def main(arguments: argparse.Namespace) -> None:
    """Read results and configuration and write a piece of HTML."""
    evaluation = read_evaluation(arguments.evaluation)
    verdicts = read_table(arguments.verdicts, ("place", "verdict"))
    configuration = json.loads(arguments.config.read_text("utf-8"))
    pages = confusion_pages(evaluation, arguments.figures)
    pages += [Page(**page) for page in json.loads(arguments.pages)]
    write_text(
        arguments.out,
        landing(evaluation, verdicts, top_results(arguments.paper), configuration, pages),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of the evaluation")
    parser.add_argument("--verdicts", type=Path, required=True, help="table of verdicts, CSV")
    parser.add_argument("--config", type=Path, required=True, help="resolved configuration, JSON")
    parser.add_argument("--pages", required=True, help="JSON list of {words, path, group}")
    parser.add_argument("--figures", required=True, help="folder of the figures")
    parser.add_argument(
        "--paper",
        type=Path,
        default=Path(__file__).parents[1] / "resources" / "paper",
        help="folder of the paper's tables",
    )
    parser.add_argument("--out", type=Path, required=True, help="HTML to write")
    run(parser, main)
