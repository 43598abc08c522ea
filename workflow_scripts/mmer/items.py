"""The item table: what a corpus holds, and everything that later steps know of an item.

A corpus writes it once (``prepared/items.csv``); no later step reads anything from a name.

Columns: ``item`` (unique) and ``speaker``, then whatever the corpus says of an item, such as the
class of a task, the sex of the speaker or the sentence.  Cells are text, empty where unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing

ITEM, SPEAKER = "item", "speaker"


@dataclass(frozen=True)
class Items:
    """The item table of a corpus: a row per item, cells as text."""

    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all items, in the order of the table."""
        return tuple(self.table[ITEM])

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.names)

    def rows(self, names: Iterable[str]) -> np.ndarray:
        """Rows of some items, ``(names,)`` int64; a UserError where one is not in the table."""
        names = list(names)
        rows = self._index.get_indexer(names)
        if (rows < 0).any():
            raise UserError(
                f"item {str(names[rows.argmin()])!r} is not in the corpus's item table: remove it, "
                "or name the corpus that holds it"
            )
        return rows

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def of(self, names: Iterable[str]) -> Items:
        """The table of some items, in the order given."""
        return Items(self.table.iloc[self.rows(names)].reset_index(drop=True))

    def where(self, mask: np.ndarray) -> Items:
        """The items of some rows, ``(items,)`` bool."""
        return Items(self.table[mask].reset_index(drop=True))

    def column(self, name: str) -> np.ndarray:
        """One column as text, ``(items,)``; a UserError where the table does not have it."""
        if name not in self.table:
            raise UserError(
                f"the item table has no column {name!r}: add it to the corpus, or mend the key "
                "that names it"
            )
        return self.table[name].to_numpy(str)

    @property
    def speakers(self) -> np.ndarray:
        """The speaker of each item, ``(items,)`` text."""
        return self.column(SPEAKER)


def items_table(rows: Iterable[dict[str, object]], columns: Sequence[str]) -> Items:
    """A table of dictionaries; ``columns`` come after item and speaker."""
    return check_items(pd.DataFrame(rows, columns=[ITEM, SPEAKER, *columns]).astype(str), "items")


def write_items(path: Path, items: Items) -> None:
    """Write the item table as CSV."""
    with writing(path) as unfinished:
        items.table.to_csv(unfinished, index=False)


def read_items(path: Path) -> Items:
    """Read an item table.

    A UserError if it is none: unreadable, without items or speakers, or with an item twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as an item table ({reason}): make it again") from (
            error
        )
    return check_items(table, str(path))


def check_items(table: pd.DataFrame, where: str) -> Items:
    """The table as items, after the checks that everything later relies on."""
    for column in (ITEM, SPEAKER):
        if column not in table or (table[column] == "").any():
            raise UserError(f"{where}: every item needs {column!r}: fill that column")
    if table.empty:
        raise UserError(f"{where} holds no item: look at the corpus's folder")
    doubled = table[ITEM][table[ITEM].duplicated()]
    if not doubled.empty:
        raise UserError(f"{where} holds item {doubled.iloc[0]!r} twice: keep one row per item")
    return Items(table.reset_index(drop=True))
