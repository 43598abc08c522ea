"""The grid behind every bi-LSTM after the paper's table A2: what was tried, and what won."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.errors import UserError
from mmer.evaluation.settings import PaperRow
from mmer.report.table import Column, Table
from mmer.report.words import variant_words

SIZE = {"layers": "bilstm_layers", "units": "bilstm_units", "attention_layers": "attention_layers"}
"""Columns of an architecture, with their names in the paper's table A2."""

_COLUMNS = (
    Column("Model", "title"),
    Column("Input", "variant"),
    Column("Layers", "layers", digits=0),
    Column("Units", "units", digits=0),
    Column("Attention layers", "attention_layers", digits=0),
    Column("Accuracy %", "accuracy", digits=2),
    Column("Std over folds", "std", digits=2),
    Column("Chosen here", "chosen_words"),
    Column("Chosen in the paper", "paper_words"),
)


def architectures_table(
    grids: Mapping[str, Path],
    titles: Mapping[str, str],
    paper_rows: Mapping[str, PaperRow],
    paper: Path,
    corpus_label: str,
) -> Table:
    """A row per system and architecture, with the mean held-out accuracy over the splits.

    Parameters
    ----------
    grids
        The table of each system's trainings, as :mod:`mmer.face.sequence_grid` writes it.
    titles
        What the systems are called.
    paper_rows
        Where the systems stand in the paper's table 3; table A2 has the same rows.
    paper
        Folder with the paper's tables.
    corpus_label
        What it was measured on.
    """
    stated = pd.read_csv(paper / "tableA2_bilstm.csv", dtype=str)
    parts = []
    for system, path in grids.items():
        rows = _mean_over_splits(path)
        rows["title"] = titles[system]
        rows["variant"] = variant_words(system.partition("/")[2])
        wanted = _size_in_paper(stated, paper_rows.get(system))
        in_paper = [wanted == tuple(size) for size in rows[list(SIZE)].itertuples(index=False)]
        rows["paper_words"] = ["yes" if same else "" for same in in_paper]
        parts.append(rows)
    keys = [column.key for column in _COLUMNS]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "chosen"])
    return Table(
        title="Architectures of the bi-LSTMs beside the paper's table A2",
        corpus_label=corpus_label,
        columns=_COLUMNS,
        rows=rows,
        notes=(
            "Mean accuracy over the held-out folds, in percent, of every architecture of section "
            "4.2. The best of each row of table 3 is chosen on the same held-out folds, so it "
            "flatters; bold: the chosen one.",
            "A row without a yes in the last column is one whose winner the paper names outside "
            "what was tried here.",
        ),
        best={"accuracy": frozenset(rows.index[rows["chosen"].astype(bool)])},
    )


def _mean_over_splits(path: Path) -> pd.DataFrame:
    """A row per architecture of one grid, in the order of the file."""
    try:
        table = pd.read_csv(path)
        by_architecture = table.groupby(["architecture", *SIZE], sort=False)
        rows = by_architecture.agg(
            accuracy=("accuracy", "mean"), std=("accuracy", "std"), chosen=("chosen", "first")
        ).reset_index()
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} is no table of architectures ({error}): make it again with train_bilstm"
        ) from error
    rows["chosen_words"] = ["yes" if chosen else "" for chosen in rows["chosen"]]
    return rows


def _size_in_paper(stated: pd.DataFrame, where: PaperRow | None) -> tuple[int, ...] | None:
    """Layers, units and attention layers of the paper's winner; None where it names none."""
    if where is None:
        return None
    keys = {key: value for key, value in where.row.items() if key in stated}
    found = stated[(stated[list(keys)] == pd.Series(keys)).all(axis=1)]
    if len(found) != 1:
        return None
    return tuple(int(found.iloc[0][column]) for column in SIZE.values())
