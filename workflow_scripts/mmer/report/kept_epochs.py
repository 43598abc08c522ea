"""What the choice of the kept weights is worth: scores where they were kept, and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.report.evaluation_folder import read_table
from mmer.report.table import Column, Table

SCORES = {"accuracy": ("accuracy, %", 100), "ccc": ("CCC", 1)}
"""Of a history, the first that it has: what it is called, and the factor to its unit."""


def kept_epochs_table(
    histories: Mapping[str, Mapping[str, Path]], titles: Mapping[str, str], label: str
) -> Table:
    """A row per trained model: means over splits at the kept evaluation and at the last one."""
    rows = [
        {"title": titles[model], **_kept_and_last([*splits.values()])}
        for model, splits in histories.items()
    ]
    columns = ["title", "score", "splits", "kept", "last", "difference"]
    return Table(
        title="Scores of the weights kept, and of the last ones",
        label=label,
        columns=(
            Column("Model", "title"),
            Column("Score", "score"),
            Column("Splits", "splits", digits=0),
            Column("Kept", "kept", digits=2),
            Column("Last", "last", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
        ),
        rows=pd.DataFrame(rows, columns=columns),
        notes=(
            "Means over the splits, on the items by which weights were chosen. The difference is "
            "what choosing gains over not choosing. Where those choose who are tested, as in the "
            "paper's protocol, it is at most what this flatters the result by, since a choice by "
            "others would gain too; a run with the nested protocol compares the two choices.",
        ),
    )


def _kept_and_last(histories: list[Path]) -> dict[str, object]:
    """Means over splits; nothing where no evaluation was made."""
    tables = [table for path in histories if not (table := read_table(path)).empty]
    name = next((n for n in SCORES if tables and all(n in table for table in tables)), None)
    if name is None:
        return {"score": "", "splits": len(tables)} | dict.fromkeys(
            ("kept", "last", "difference"), np.nan
        )
    words, factor = SCORES[name]
    kept = factor * float(
        np.mean([table.loc[table["kept"] == 1, name].iloc[-1] for table in tables])
    )
    last = factor * float(np.mean([table[name].iloc[-1] for table in tables]))
    found = {"kept": kept, "last": last, "difference": kept - last}
    return {"score": words, "splits": len(tables), **found}
