"""The grid behind every model that chooses its architecture: what was tried, and what won."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.evaluation.paper_description import PROJECT, read_paper
from mmer.evaluation.settings import PaperRow
from mmer.report.table import Column, Table
from mmer.report.words import variant_words


def architectures_table(
    grids: Mapping[str, Path],
    titles: Mapping[str, str],
    paper_rows: Mapping[str, PaperRow],
    paper: Path | None,
    label: str,
) -> Table:
    """A row per system and architecture, with the mean held-out accuracy over the splits."""
    described = None if paper is None else read_paper(paper)
    file = next(iter(described.of_kind("architectures")), None) if described else None
    stated = pd.read_csv(PROJECT / paper / f"{file}.csv", dtype=str) if file else None
    parts, sizes = [], []
    for system, path in grids.items():
        rows, own = _mean_over_splits(path)
        sizes += [name for name in own if name not in sizes]
        rows["title"] = titles[system]
        rows["variant"] = variant_words(system.partition("/")[2])
        if stated is not None:
            names = described.sizes
            wanted = _size_in_paper(stated, paper_rows.get(system), names)
            same = [wanted == size for size in rows[list(names)].itertuples(index=False, name=None)]
            rows["paper_words"] = ["yes" if each else "" for each in same]
        parts.append(rows)
    rows = pd.concat(parts, ignore_index=True)
    title = "Architectures"
    notes = ["Mean accuracy over the held-out folds, in percent, of every architecture tried."]
    if stated is not None:
        title += f" beside the paper's {described.tables[file].place}"
        notes.append(
            f"{described.architectures} A row without a yes in the last column is one whose winner "
            "the paper names outside what was tried here."
        )
    return Table(
        title=title,
        label=label,
        columns=(
            Column("Model", "title"),
            Column("Input", "variant"),
            *(Column(name.replace("_", " ").capitalize(), name, digits=0) for name in sizes),
            Column("Accuracy %", "accuracy", digits=2),
            Column("Std over folds", "std", digits=2),
            Column("Chosen here", "chosen_words"),
            *([Column("Chosen in the paper", "paper_words")] if stated is not None else []),
        ),
        rows=rows,
        notes=tuple(notes),
        best={"accuracy": frozenset(rows.index[rows["chosen"].astype(bool)])},
    )


def _mean_over_splits(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """A row per architecture of one grid, in the order of the file, and the names of its sizes."""
    table = pd.read_csv(path)
    sizes = list(table.columns[1 : list(table.columns).index("split")])
    by_architecture = table.groupby(["architecture", *sizes], sort=False)
    rows = by_architecture.agg(
        accuracy=("accuracy", "mean"), std=("accuracy", "std"), chosen=("chosen", "first")
    ).reset_index()
    rows["chosen_words"] = ["yes" if chosen else "" for chosen in rows["chosen"]]
    return rows, sizes


def _size_in_paper(
    stated: pd.DataFrame, where: PaperRow | None, names: Mapping[str, str]
) -> tuple[int, ...] | None:
    """The sizes of the paper's winner; None where it names none."""
    if where is None:
        return None
    keys = {key: value for key, value in where.row.items() if key in stated}
    found = stated[(stated[list(keys)] == pd.Series(keys)).all(axis=1)]
    return tuple(int(found.iloc[0][c]) for c in names.values()) if len(found) == 1 else None
