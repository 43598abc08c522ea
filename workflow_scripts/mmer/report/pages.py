"""HTML pages from the templates under ``resources/templates``: self-contained, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmer.evaluation.paper_description import PROJECT
from mmer.report.corpus_label import corpus_sentence, headed, is_synthetic
from mmer.report.table import Table, is_missing

TEMPLATES = PROJECT / "resources" / "templates"

_SHORT_TEXT, _LONG_TEXT = 18, 36
"""Letters up to which a text stays in one line, and beyond which it wants a wide column."""
_LONG_WORD = 30
"""Letters from which a word, such as a checksum or an address, may be broken anywhere."""


def render(template: str, title: str, label: str, **shown: Any) -> str:
    """A page."""
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


def cells(table: Table) -> Iterator[list[dict[str, Any]]]:
    """The cells of a table, row by row: text, class in ``page.css``, and whether emphasised.

    ``sort`` is the full value to sort a number by, empty where it is missing; None for words.
    """
    for position, (_, row) in enumerate(table.rows.iterrows()):
        line = []
        for column in table.columns:
            text, sort, kind = column.text(row), None, "number"
            if column.digits is None:
                kind = _width(text)
            else:
                sort = "" if is_missing(row[column.key]) else repr(float(row[column.key]))
            best = table.is_best(position, column)
            line.append({"text": text, "kind": kind, "sort": sort, "best": best})
        yield line


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
