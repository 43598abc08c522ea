"""HTML pages from the templates under ``resources/templates``: self-contained, all text escaped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmer.report.corpus_label import corpus_sentence, headed, is_synthetic
from mmer.report.paper_description import PROJECT
from mmer.report.table import Table, is_missing

TEMPLATES = PROJECT / "resources" / "templates"

_SHORT_TEXT, _LONG_TEXT = 18, 36
"""Letters up to which a text stays in one line, and beyond which it wants a wide column."""
_LONG_WORD = 30
"""Letters from which a word, such as a checksum or an address, may be broken anywhere."""


@dataclass(frozen=True)
class Cell:
    """One cell of a page.

    Attributes
    ----------
    text
        What is shown.
    kind
        Its class in ``page.css``.
    sort
        The full value to sort a number by, empty where it is missing; None for words.
    best
        Whether it is emphasised.
    """

    text: str
    kind: str
    sort: str | None
    best: bool


def render(template: str, title: str, label: str, **shown: Any) -> str:
    """A page.

    Parameters
    ----------
    template
        Name of the file, without its endings.
    title
        Heading, without the corpus.
    label
        What the numbers were measured on; a synthetic corpus gets a banner.
    shown
        What the template shows.
    """
    return (
        _templates()
        .get_template(f"{template}.html.j2")
        .render(
            heading=headed(title, label),
            corpus=corpus_sentence(label),
            synthetic=is_synthetic(label),
            **shown,
        )
    )


def table_page(table: Table) -> str:
    """A page with one table, its corpus and its notes."""
    return render("table", table.title, table.label, table=table)


def cells(table: Table) -> list[list[Cell]]:
    """The cells of a table, row by row."""
    found = []
    for position, (_, row) in enumerate(table.rows.iterrows()):
        line = []
        for column in table.columns:
            text, sort = column.text(row), None
            if column.is_number:
                sort = "" if is_missing(row[column.key]) else repr(float(row[column.key]))
            kind = "number" if column.is_number else _width(text)
            line.append(Cell(text, kind, sort, table.is_best(position, column)))
        found.append(line)
    return found


def _width(text: str) -> str:
    """How much room a cell of words wants."""
    if any(len(word) > _LONG_WORD for word in text.split()):
        return "long"
    if len(text) <= _SHORT_TEXT:
        return "short"
    return "wide" if len(text) > _LONG_TEXT else ""


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["cells"] = cells
    return found
