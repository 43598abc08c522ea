"""A table as HTML that can be sorted by its headings and searched."""

from __future__ import annotations

from html import escape

import pandas as pd

from mmer.report.html_page import page
from mmer.report.table import Column, Table, is_missing

_SHORT_TEXT, _LONG_TEXT = 18, 36
"""Letters up to which a text stays in one line, and beyond which it wants a wide column."""
_LONG_WORD = 30
"""Letters from which a word, such as a checksum or an address, may be broken anywhere."""


def table_page(table: Table) -> str:
    """A self-contained page with one table, its corpus and its notes."""
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    search = (
        '<p class="search"><label>Search <input type="search" data-table="table" '
        'placeholder="words in a row"></label></p>\n'
    )
    body = f'{search}{table_element(table)}\n<div class="notes">{notes}</div>'
    return page(table.title, table.corpus_label, body)


def table_element(table: Table, identifier: str = "table") -> str:
    """The table alone, for a page that holds several."""
    heads = "".join(
        f'<th scope="col" aria-sort="none"{_number(column)}>'
        f'<button type="button">{escape(column.heading)}</button></th>'
        for column in table.columns
    )
    lines = []
    for position, (_, row) in enumerate(table.rows.iterrows()):
        cells = [_cell(column, row, table.is_best(position, column)) for column in table.columns]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table id="{escape(identifier)}" class="sortable">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _cell(column: Column, row: pd.Series, best: bool) -> str:
    """One cell, with the full value to sort by where it shows a number."""
    key = ""
    if column.is_number:
        value = row[column.key]
        key = ' data-sort=""' if is_missing(value) else f' data-sort="{float(value)!r}"'
    shown = column.text(row)
    kind = _number(column) or _width(shown)
    text = escape(shown)
    return f"<td{kind}{key}>{f'<strong>{text}</strong>' if best else text}</td>"


def _number(column: Column) -> str:
    return ' class="number"' if column.is_number else ""


def _width(text: str) -> str:
    """How much room a cell of words wants."""
    if any(len(word) > _LONG_WORD for word in text.split()):
        return ' class="long"'
    if len(text) <= _SHORT_TEXT:
        return ' class="short"'
    return ' class="wide"' if len(text) > _LONG_TEXT else ""
