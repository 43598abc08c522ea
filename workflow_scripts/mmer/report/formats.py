"""The files of a table: HTML, CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mmer.report.pages import table_page
from mmer.report.table import Table
from mmer.runtime.writing import writing

_MARKDOWN = str.maketrans({"\\": "\\\\", "|": "\\|", "\n": " "})
_LATEX = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
        **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
        **{"±": r"$\pm$", "\N{MINUS SIGN}": "$-$", "<": "$<$", ">": "$>$", "≥": r"$\geq$"},
        **{"–": "--", "·": r"$\cdot$", "→": r"$\rightarrow$", "×": r"$\times$"},
    }
)
"""More than pandas escapes: LaTeX's own letters, and those that its usual font lacks."""


def write_table(folder: Path, name: str, table: Table) -> None:
    """Write one table in each format."""
    for ending, written in _WRITERS.items():
        write_text(folder / f"{name}.{ending}", written(table))


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with writing(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def csv_text(table: Table) -> str:
    """All of the rows at full precision, with a last column that names the corpus."""
    return table.rows.assign(corpus=table.label).to_csv(index=False, lineterminator="\n")


def markdown_text(table: Table) -> str:
    """The shown columns, padded so that the text itself reads as a table."""
    shown = _shown(table, lambda text: text.translate(_MARKDOWN), "**{}**")
    sides = ["right" if column.is_number else "left" for column in table.columns]
    body = shown.to_markdown(
        index=False, disable_numparse=True, colalign=sides if len(shown) else None
    )
    return f"# {table.heading}\n\n{body}\n\n{table.caption}\n"


def latex_text(table: Table) -> str:
    """A ``table`` environment; needs the package booktabs."""
    shown = _shown(table, latex_escape, r"\textbf{{{}}}")
    body = shown.to_latex(
        index=False,
        escape=False,
        column_format="".join("r" if column.is_number else "l" for column in table.columns),
        caption=latex_escape(f"{table.heading}. {table.caption}"),
    )
    return f"% needs \\usepackage{{booktabs}}\n{body}"


def latex_escape(text: str) -> str:
    """Text that LaTeX sets as it reads."""
    return text.translate(_LATEX)


def _shown(table: Table, escape: Callable[[str], str], emphasis: str) -> pd.DataFrame:
    """The shown cells as escaped text, the best ones emphasised."""
    lines = [
        [
            emphasis.format(escape(cell)) if table.is_best(position, column) else escape(cell)
            for cell, column in zip(cells, table.columns, strict=True)
        ]
        for position, cells in enumerate(table.texts())
    ]
    return pd.DataFrame(lines, columns=[escape(column.heading) for column in table.columns])


_WRITERS = {"html": table_page, "csv": csv_text, "md": markdown_text, "tex": latex_text}
