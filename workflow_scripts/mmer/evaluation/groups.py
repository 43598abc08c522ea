"""Accuracy by class, by speaker, and by the columns that a corpus names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import FoldPredictions, System, those_run
from mmer.items import SPEAKER
from mmer.runtime.errors import UserError


def groups_table(
    systems: Sequence[System[FoldPredictions]], groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Accuracy in percent of each system that was run on the items of each group.

    The group of the class is called as the task's column, and classes come in the task's order.
    Wilson's 95 % interval takes the items of one speaker as independent.

    A UserError if an item has a value that is not named.

    ``groups`` are columns of the item table besides the class and the speaker, with their values in
    order. An item whose cell is empty is in none of them, and a value without items has no row.
    """
    rows = [(system.name, *row) for system in those_run(systems) for row in _rows(system, groups)]
    columns = ["system", "group", "value", "items", "accuracy", "wilson_low", "wilson_high"]
    return pd.DataFrame(rows, columns=columns)


def _rows(
    system: System[FoldPredictions], groups: Mapping[str, Sequence[str]]
) -> Iterator[tuple[object, ...]]:
    folds = list(system.folds.values())
    task = folds[0].task
    speakers = sorted({str(speaker) for fold in folds for speaker in fold.items.speakers})
    for group, values in {task.column: task.names, SPEAKER: speakers, **groups}.items():
        answers: dict[str, list[bool]] = {value: [] for value in values}
        for fold in folds:
            cells = fold.items.column(group)
            for name, value, correct in zip(fold.items.names, cells, fold.correct, strict=True):
                if value and value not in answers:
                    raise UserError(
                        f"item {name} has {group} '{value}', which the corpus does not name among "
                        f"{', '.join(values)}: add it to the groups of the corpus"
                    )
                if value:
                    answers[value].append(bool(correct))
        for value, given in answers.items():
            if given:
                right, items = sum(given), len(given)
                yield group, value, items, 100 * right / items, *wilson_interval(right, items)
