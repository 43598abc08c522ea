"""Write time and memory of every step as a table and a figure."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.report.step_costs import cost_figure, cost_table, costs_by_step, read_benchmarks
from mmer.report.style import house_style, save_figure
from mmer.report.table_files import write_table


def main(arguments: argparse.Namespace) -> None:
    """Gather the benchmarks and write."""
    steps = costs_by_step(read_benchmarks(arguments.benchmarks))
    write_table(arguments.tables, "costs", cost_table(steps, arguments.corpus_label))
    with house_style():
        figure = cost_figure(steps, arguments.corpus_label)
        save_figure(figure, arguments.figures / "costs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--corpus-label", required=True, help="what was processed")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--figures", type=Path, required=True, help="folder of the figures")
    run(parser, main)
