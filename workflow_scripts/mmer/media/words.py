"""The words of items, as text models read them: a table per speaker."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mmer.items import ITEM, read_items
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.runtime.writing import writing

TEXT = "text"

log = logging.getLogger(__name__)


class WordsJob(Job):
    """What the preparation of a speaker's words is told.

    ``items`` is the item table, and ``column`` the one of it that holds the words.
    """

    items: Path
    column: str
    speaker: str
    out: Path


def prepare_text(job: WordsJob) -> None:
    """Write a speaker's table: ``item``, ``text``; empty where nothing is written down."""
    items = read_items(job.items)
    own = items.where(items.speakers == job.speaker)
    table = pd.DataFrame({ITEM: own.names, TEXT: own.column(job.column)})
    with writing(job.out) as unfinished:
        table.to_csv(unfinished, index=False)
    log.info("%d items of %s, %d without words", len(own), job.speaker, (table[TEXT] == "").sum())


def read_words(paths: Iterable[Path]) -> dict[str, str]:
    """The words of several speakers' items, by item."""
    words: dict[str, str] = {}
    for path in paths:
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False)[[ITEM, TEXT]]
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{path} is no table of items and words ({error}): delete it"
            ) from error
        words.update(table.itertuples(index=False, name=None))
    return words
