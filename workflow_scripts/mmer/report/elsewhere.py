"""A network that is trained on another corpus, and its score on what was held out there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from mmer.items import read_items
from mmer.report.evaluation_folder import read_table

SCORE = "frame_accuracy"
"""The column of a history with the accuracy on the pictures held out, as a share."""


class Elsewhere(BaseModel):
    """A model that is trained on another corpus.

    Attributes
    ----------
    title
        What readers see of it.
    not_run
        Why it was not trained here, else None.
    histories
        Its learning curves, one for each fold held out.
    items, column
        The item table of that corpus, and the column of what is to be said of an item.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    not_run: str | None = None
    histories: tuple[Path, ...] = ()
    items: Path | None = None
    column: str = ""

    def held_out(self) -> tuple[float, int]:
        """Mean accuracy in percent of the weights kept, over folds, and the corpus's items.

        Both are zero where nothing was held out.
        """
        tables = [read_table(path) for path in self.histories]
        scores = [
            table.loc[table["kept"] == 1, SCORE].iloc[0] for table in tables if SCORE in table
        ]
        if not scores or self.items is None:
            return 0.0, 0
        labelled = read_items(self.items).column(self.column) != ""
        return 100 * float(np.mean(scores)), int(labelled.sum())
