"""The files of a table: one in each format."""

from __future__ import annotations

from pathlib import Path

from mmer.report.html_table import table_page
from mmer.report.plain_table import csv_text, latex_text, markdown_text
from mmer.report.table import Table
from mmer.store import writing


def write_table(folder: Path, name: str, table: Table) -> None:
    """Write one table as HTML, CSV, Markdown and LaTeX."""
    write_text(folder / f"{name}.html", table_page(table))
    write_text(folder / f"{name}.csv", csv_text(table))
    write_text(folder / f"{name}.md", markdown_text(table))
    write_text(folder / f"{name}.tex", latex_text(table))


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with writing(path) as unfinished:
        unfinished.write_text(text, "utf-8")
