"""The grid of late fusion: a row per candidate, a column per pairing and what it is fed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.report.evaluation_folder import read_table
from mmer.report.paper_numbers import PaperNumber
from mmer.report.table import Column, Table, largest
from mmer.report.words import CLASSIFIERS, inputs_words, variant_words

_KEYS = ["classifier", "hyperparameter"]


def fusion_table(
    grids: Mapping[str, Path], numbers: list[PaperNumber], label: str, place: str = ""
) -> Table:
    """Mean accuracy over the splits of every candidate, beside the paper's."""
    measured = {name: mean_over_splits(path) for name, path in grids.items()}
    names = dict.fromkeys(name for accuracy in measured.values() for name in accuracy.index)
    rows = pd.DataFrame(list(names), columns=_KEYS)
    rows["classifier_words"] = [CLASSIFIERS.get(name, name) for name in rows["classifier"]]
    candidates = list(rows[_KEYS].itertuples(index=False, name=None))
    columns = [Column("Classifier", "classifier_words"), Column("Hyperparameter", "hyperparameter")]
    pairings = dict.fromkeys(name.partition("/")[0] for name in measured)
    for pairing in pairings:
        words = variant_words(pairing)
        words = words if words.isupper() else words.capitalize()
        for name, accuracy in measured.items():
            of, _, fed = name.partition("/")
            if of == pairing:
                rows[f"{name}_accuracy"] = accuracy.reindex(candidates).to_numpy()
                heading = f"{words}, {inputs_words(fed)} %"
                columns.append(Column(heading, f"{name}_accuracy", digits=2))
        stated = {
            (number.keys["model"], number.keys["hyperparameter"]): number.result.accuracy
            for number in numbers
            if number.kind == "grid" and number.variant == pairing
        }
        if stated:
            rows[f"{pairing}_paper"] = [stated.get(candidate) for candidate in candidates]
            columns.append(Column(f"{words}, paper %", f"{pairing}_paper", digits=2))
    return Table(
        title=f"Late fusion beside the paper's {place}" if place else "Late fusion",
        label=label,
        columns=tuple(columns),
        rows=rows,
        notes=(
            "Mean accuracy over the held-out folds, in percent. Every row is measured on the "
            "held-out items, so the best of them flatters.",
            "Bold: the highest accuracy of each column. What the inputs are is said by "
            "fusion.inputs on the page of decisions; the paper does not say which it used.",
        ),
        best={f"{name}_accuracy": largest(rows[f"{name}_accuracy"]) for name in measured},
    )


def mean_over_splits(path: Path) -> pd.Series:
    """Accuracy by classifier and hyperparameter, in the order of the file."""
    return read_table(path).groupby(_KEYS, sort=False)["accuracy"].mean()
