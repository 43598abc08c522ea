"""The grid of late fusion after the paper's table A3: a row per candidate, a column per pairing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.report.evaluation_folder import GRID_COLUMNS, read_table
from mmer.report.table import Column, Table, largest
from mmer.report.words import CLASSIFIERS

PAPER_COLUMNS = {
    "vad": "accuracy_vad",
    "full": "accuracy_no_vad",
    "mixed": "accuracy_mixed",
}
"""The pairings of the paper's table A3, with their columns there."""

_KEYS = ["classifier", "hyperparameter"]


def fusion_table(grids: Mapping[str, Path], corpus_label: str, paper: Path) -> Table:
    """Mean accuracy over the splits of every candidate, beside the paper's.

    Parameters
    ----------
    grids
        The grid's table by pairing, as :mod:`mmer.fusion.tables` describes it.
    corpus_label
        What it was measured on.
    paper
        Folder with the paper's tables.
    """
    measured = {name: mean_over_splits(path) for name, path in grids.items()}
    rows = _candidates(measured)
    stated = pd.read_csv(paper / "tableA3_fusion.csv", dtype={"hyperparameter": str})
    stated = stated.rename(columns={"model": "classifier"})
    columns = [Column("Classifier", "classifier_words"), Column("Hyperparameter", "hyperparameter")]
    for name, accuracy in measured.items():
        rows = rows.merge(accuracy.rename(f"{name}_accuracy").reset_index(), "left", on=_KEYS)
        columns.append(Column(f"{_words(name)} %", f"{name}_accuracy", digits=2))
        if name in PAPER_COLUMNS:
            beside = stated[[*_KEYS, PAPER_COLUMNS[name]]]
            beside = beside.rename(columns={PAPER_COLUMNS[name]: f"{name}_paper"})
            rows = rows.merge(beside, "left", on=_KEYS)
            columns.append(Column(f"{_words(name)}, paper %", f"{name}_paper", digits=2))
    rows["classifier_words"] = [CLASSIFIERS.get(name, name) for name in rows["classifier"]]
    return Table(
        title="Late fusion beside the paper's table A3",
        corpus_label=corpus_label,
        columns=tuple(columns),
        rows=rows,
        notes=(
            "Mean accuracy over the held-out folds, in percent. Every row is measured on the "
            "held-out clips, so the best of them flatters.",
            "Bold: the highest accuracy of each pairing.",
        ),
        best={f"{name}_accuracy": largest(rows[f"{name}_accuracy"]) for name in measured},
    )


def mean_over_splits(path: Path) -> pd.Series:
    """Accuracy by classifier and hyperparameter, in the order of the file."""
    return read_table(path, GRID_COLUMNS).groupby(_KEYS, sort=False)["accuracy"].mean()


def _candidates(measured: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Every candidate of any pairing, once, in the order of the files."""
    names = [name for accuracy in measured.values() for name in accuracy.index]
    return pd.DataFrame(list(dict.fromkeys(names)), columns=_KEYS)


def _words(pairing: str) -> str:
    return {"vad": "VAD", "full": "Whole clip", "mixed": "Mixed"}.get(
        pairing, pairing.replace("_", " ")
    )
