"""Write the table of the bi-LSTMs' architectures beside the paper's."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pydantic import TypeAdapter

from mmer.entry import run
from mmer.evaluation.settings import PaperRow
from mmer.report.architectures_table import architectures_table
from mmer.report.table_files import write_table


def main(arguments: argparse.Namespace) -> None:
    """Read every grid and write one table."""
    grids = json.loads(arguments.grids)
    paths = {system: Path(grid["architectures"]) for system, grid in grids.items()}
    titles = {system: grid["title"] for system, grid in grids.items()}
    paper_rows = TypeAdapter(dict[str, PaperRow]).validate_json(arguments.paper_rows)
    table = architectures_table(paths, titles, paper_rows, arguments.paper, arguments.corpus_label)
    write_table(arguments.out, "architectures", table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--grids", required=True, help='JSON: {"system": {"title": …, "architectures": "CSV"}}'
    )
    parser.add_argument("--paper-rows", required=True, help="JSON: the paper's row of a system")
    parser.add_argument("--paper", type=Path, required=True, help="folder of the paper's tables")
    parser.add_argument("--corpus-label", required=True, help="what the numbers were measured on")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    run(parser, main)
