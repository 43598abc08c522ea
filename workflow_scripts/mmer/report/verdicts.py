"""A verdict on every number of the paper: reproduced, outside by how much, or not run and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper import (
    UNJUDGED,
    PaperResult,
    compare_with_paper,
    deviation_over_items,
    not_run,
)
from mmer.evaluation.settings import PaperRow
from mmer.report.corpus_label import is_synthetic
from mmer.report.evaluation_folder import CONSTANT, Summary, read_table
from mmer.report.fusion_table import mean_over_splits
from mmer.report.paper_numbers import PaperNumber
from mmer.report.table import Column, Table
from mmer.report.words import inputs_words, variant_words

NOT_COMPARABLE = f"{UNJUDGED} (synthetic)"
"""The verdict on every number of a synthetic corpus: one near the paper's reproduces nothing."""
NO_SYSTEM = "not run: no system of this run stands for it"
NO_CANDIDATE = "not run: the grid of this run leaves it out"

_OVER_ITEMS = (
    "The mean and the deviation over items are those of right (100) and wrong (0) over all items "
    "of all folds; a deviation is reproduced where ours is that of an accuracy within the interval "
    "of the accuracy that has the paper's."
)
_ELSEWHERE = (
    "A network trained on another corpus is scored on that corpus's held-out items, for which the "
    "paper prints neither interval nor count: its interval is that of its formula over the items "
    "held out here."
)

KINDS = ("reproduced", "outside", UNJUDGED, "not run", "constant")
"""How verdicts begin."""


class Elsewhere(BaseModel):
    """A model that is trained on another corpus.

    Attributes
    ----------
    scores
        A row per fold that was held out: its ``pictures``, and the ``accuracy`` on them in percent.
    not_run
        Why there are no scores, else None.
    unlike_paper
        In what it is another one than the paper's, by whose number it is not judged, else None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    scores: Path | None = None
    not_run: str | None = None
    unlike_paper: str | None = None

    def held_out(self) -> tuple[float, int]:
        """Mean accuracy over the folds in percent, and how many pictures these hold together."""
        assert self.scores is not None, "a model with a reason has no scores"
        table = read_table(self.scores)
        return float(table["accuracy"].mean()), int(table["pictures"].sum())


def verdicts_table(
    numbers: Sequence[PaperNumber],
    summary: Summary,
    paper_rows: Mapping[str, PaperRow],
    grids: Mapping[str, Path],
    label: str,
    elsewhere: Mapping[str, Elsewhere] = MappingProxyType({}),
    note: str = "",
) -> Table:
    """A row per number of the paper and system of ours that stands for it.

    Several systems do where late fusion is fed with several inputs.
    """
    found = systems_of(numbers, paper_rows)
    accuracies = {fusion: mean_over_splits(path) for fusion, path in grids.items()}
    rows = []
    for position, number in enumerate(numbers):
        systems = found.get(position, [""])
        if number.kind == "grid":
            systems = _fusions(summary, number.variant) or [""]
        for system in systems:
            if number.kind == "grid" and system in accuracies:
                ours = _of_grid(number, accuracies[system], system)
                ours = _judged_as(ours, _of_system(number, system, summary)["verdict"])
            elif number.kind == "elsewhere":
                ours = _of_elsewhere(number, elsewhere.get(system))
            else:
                ours = _of_system(number, system, summary)
            rows.append(_row(number, ours, label))
    return Table(
        title="A verdict on every number of the paper",
        label=label,
        columns=(
            Column("Paper", "place"),
            Column("Row", "row"),
            Column("Input", "input"),
            Column("Paper %", "paper_accuracy", "paper_ci95", digits=2),
            Column("Ours %", "accuracy", "ci95", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Verdict", "verdict"),
            Column("Our system", "title"),
        ),
        rows=pd.DataFrame(rows),
        notes=(
            "Difference is ours minus the paper's, in percentage points; reproduced means ours "
            "lies within the paper's interval, which where the paper prints none is that of its "
            "formula over its own clips. Numbers that it repeats elsewhere are compared with the "
            "same system. One that several systems of ours stand for has a row for each.",
            *([_OVER_ITEMS] if any(number.kind == "over_items" for number in numbers) else []),
            *([_ELSEWHERE] if any(number.kind == "elsewhere" for number in numbers) else []),
            *([note] if note else []),
        ),
    )


def systems_of(
    numbers: Sequence[PaperNumber], paper_rows: Mapping[str, PaperRow]
) -> dict[int, list[str]]:
    """Which systems of the run stand for a number, by the number's position.

    The configuration names rows for its systems.  A number that it does not name, but that the
    paper prints under the same condition with the same accuracy elsewhere, is that of the same
    experiment: so a figure of top systems repeats the tables.
    """
    found: dict[int, list[str]] = {}
    experiments: dict[tuple[str, float], list[str]] = {}
    for position, number in enumerate(numbers):
        named = [
            system
            for system, where in paper_rows.items()
            if (where.table, where.column) == (number.file, number.column)
            and all(number.keys.get(name) == value for name, value in where.row.items())
        ]
        if named:
            found[position] = named
            experiments.setdefault((number.variant, number.experiment), named)
    for position, number in enumerate(numbers):
        same = experiments.get((number.variant, number.experiment))
        if position not in found and same is not None and number.kind != "grid":
            found[position] = same
    return found


def counts_by_place(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How many ``numbers`` of each table and figure, and how many of each kind of verdict.

    Those of late fusion are counted once for each inputs of ours.
    """
    fed = verdicts["fed"].mask(verdicts["fed"] != "", ", " + verdicts["fed"])
    verdicts = verdicts.assign(place=verdicts["place"] + fed)
    kinds = verdicts["verdict"].map(lambda text: next(k for k in KINDS if text.startswith(k)))
    counts = pd.crosstab(verdicts["place"], kinds)
    counts = counts.reindex(index=verdicts["place"].unique(), columns=KINDS, fill_value=0)
    return counts.assign(numbers=counts.sum(axis=1))


def _row(number: PaperNumber, ours: dict[str, object], label: str) -> dict[str, object]:
    """The line of one number; a synthetic corpus is judged on nothing."""
    if number.not_comparable:
        ours = ours | {"verdict": f"{UNJUDGED} ({number.not_comparable})"}
    judged = str(ours["verdict"]).startswith(("reproduced", "outside", UNJUDGED))
    if judged and is_synthetic(label):
        ours = ours | {"verdict": NOT_COMPARABLE}
    return {
        "place": number.place,
        "row": number.words,
        "input": variant_words(number.variant),
        "paper_accuracy": number.result.accuracy,
        "paper_ci95": number.result.ci95,
        **ours,
    }


def _of_system(number: PaperNumber, system: str, summary: Summary) -> dict[str, object]:
    """What the run has for a number of a system."""
    rows = summary.table[summary.table["system"] == system]
    if rows.empty:
        return _nothing(NO_SYSTEM, "")
    row = rows.iloc[0]
    title, fed = row["title"], row["fed"] and inputs_words(row["fed"])
    if row["verdict"].startswith("not run"):
        return _nothing(row["verdict"], title, fed)
    if row["verdict"].startswith(CONSTANT):
        return _nothing(row["verdict"], title) | {"accuracy": row["mean_accuracy"]}
    if number.measure == "mean_accuracy":
        compared = _compared(number.result, row["mean_accuracy"], title, fed)
        compared["ci95"] = row["ci95"]
    else:
        ours = row["pooled_accuracy"]
        if number.measure == "deviation":
            ours = deviation_over_items(ours)
        compared = _compared(number.result, ours, title, fed)
    return _judged_as(compared, row["verdict"])


def _judged_as(compared: dict[str, object], verdict: str) -> dict[str, object]:
    """A comparison, unjudged where the evaluation does not judge the system."""
    return compared | ({"verdict": verdict} if verdict.startswith(UNJUDGED) else {})


def _fusions(summary: Summary, pairing: str) -> list[str]:
    """The fusions of a pairing, one for each inputs."""
    rows = summary.table
    return rows["system"][(rows["fed"] != "") & (rows["variant"] == pairing)].tolist()


def _of_grid(number: PaperNumber, accuracies: pd.Series, fusion: str) -> dict[str, object]:
    """What the run has for a candidate of a fusion's grid."""
    fed = inputs_words(fusion.partition("/")[2])
    candidate = number.keys["model"], number.keys["hyperparameter"]
    if candidate not in accuracies.index:
        return _nothing(NO_CANDIDATE, "", fed)
    title = f"late fusion, {fed}, {number.words}"
    return _compared(number.result, accuracies[candidate], title, fed)


def _of_elsewhere(number: PaperNumber, model: Elsewhere | None) -> dict[str, object]:
    """What the run has for a network's score on another corpus."""
    if model is None:
        return _nothing(NO_SYSTEM, "")
    if model.not_run is not None:
        return _nothing(not_run(model.not_run), model.title)
    accuracy, items = model.held_out()
    stated = PaperResult(number.result.accuracy, half_width(number.result.accuracy, items))
    found = _compared(stated, accuracy, model.title)
    if model.unlike_paper:
        found["verdict"] = f"{UNJUDGED} ({model.unlike_paper})"
    return found | {"ci95": half_width(accuracy, items), "paper_ci95": stated.ci95}


def _compared(stated: PaperResult, accuracy: float, title: str, fed: str = "") -> dict[str, object]:
    comparison = compare_with_paper(accuracy, stated)
    return _nothing(comparison.verdict, title, fed) | {
        "accuracy": accuracy,
        "difference": comparison.difference,
    }


def _nothing(verdict: str, title: str, fed: str = "") -> dict[str, object]:
    """A line without a number of ours."""
    missing = dict.fromkeys(("accuracy", "ci95", "difference"), np.nan)
    return {**missing, "verdict": verdict, "title": title, "fed": fed}
