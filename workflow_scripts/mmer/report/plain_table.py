"""A table as CSV, Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable

from mmer.report.table import Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "\N{MINUS SIGN}": "$-$",
    "<": "$<$",
    ">": "$>$",
    "≥": r"$\geq$",
    "–": "--",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "×": r"$\times$",
}
_LATEX_SPECIAL = re.compile("|".join(map(re.escape, _LATEX)))


def csv_text(table: Table) -> str:
    """All of the rows at full precision, with a last column that names the corpus."""
    return table.rows.assign(corpus=table.corpus_label).to_csv(index=False, lineterminator="\n")


def markdown_text(table: Table) -> str:
    """The shown columns, padded so that the text itself reads as a table."""
    heads = [_markdown(column.heading) for column in table.columns]
    lines = _lines(table, _markdown, "**{}**")
    widths = [max(3, *(len(line[at]) for line in [heads, *lines])) for at in range(len(heads))]
    rules = [
        "-" * (width - 1) + ":" if column.is_number else "-" * width
        for column, width in zip(table.columns, widths, strict=True)
    ]

    def row(cells: list[str]) -> str:
        padded = [
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(cells, widths, table.columns, strict=True)
        ]
        return "| " + " | ".join(padded) + " |"

    body = "\n".join(map(row, [heads, rules, *lines]))
    return f"# {table.heading}\n\n{body}\n\n{table.caption}\n"


def latex_text(table: Table) -> str:
    """A ``table`` environment; needs the package booktabs."""
    alignment = "".join("r" if column.is_number else "l" for column in table.columns)
    lines = _lines(table, latex_escape, r"\textbf{{{}}}")
    body = "\n".join(" & ".join(line) + r" \\" for line in lines)
    heads = " & ".join(latex_escape(column.heading) for column in table.columns)
    caption = latex_escape(f"{table.heading}. {table.caption}")
    return (
        "% needs \\usepackage{booktabs}\n"
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{caption}}}\n"
        f"\\begin{{tabular}}{{{alignment}}}\n\\toprule\n{heads} \\\\\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def latex_escape(text: str) -> str:
    """Text that LaTeX sets as it reads."""
    return _LATEX_SPECIAL.sub(lambda match: _LATEX[match.group()], text)


def _lines(table: Table, escape: Callable[[str], str], emphasis: str) -> list[list[str]]:
    """The escaped cells, the best ones emphasised."""
    return [
        [
            emphasis.format(escape(cell)) if table.is_best(position, column) else escape(cell)
            for cell, column in zip(cells, table.columns, strict=True)
        ]
        for position, cells in enumerate(table.texts())
    ]


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
