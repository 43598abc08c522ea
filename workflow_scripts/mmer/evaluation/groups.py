"""Accuracy by class, by speaker, and by the columns that a corpus names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import FoldPredictions, System, correct_by_item
from mmer.items import SPEAKER
from mmer.runtime.errors import UserError


@dataclass(frozen=True)
class GroupAccuracy:
    """How well the items of one group are recognised.

    Attributes
    ----------
    group, value
        What the items are grouped by, and what these share: ``sex``, ``male``.
    items
        How many they are.
    accuracy
        In percent; of a class's items this is its recall.
    interval
        Wilson's 95 % interval, in percent.  Items of one speaker count as independent.
    """

    group: str
    value: str
    items: int
    accuracy: float
    interval: tuple[float, float]


def group_accuracies(
    system: System[FoldPredictions], groups: Mapping[str, Sequence[str]]
) -> list[GroupAccuracy]:
    """Accuracy of each group over all tested items.

    The group of the class is called as the task's column, and classes come in the task's order.

    Parameters
    ----------
    system
        One that was run.
    groups
        Columns of the item table besides the class and the speaker, with their values in order.
        An item whose cell is empty is in none of them.

    Raises
    ------
    UserError
        If an item has a value that is not named.
    """
    task = next(iter(system.folds.values())).task
    correct = correct_by_item(system)
    tested = [fold.items for fold in system.folds.values()]
    speakers = sorted({str(speaker) for items in tested for speaker in items.speakers})
    found = []
    for group, values in {task.column: task.names, SPEAKER: speakers, **groups}.items():
        answers: dict[str, list[bool]] = {value: [] for value in values}
        for items in tested:
            for name, value in zip(items.names, items.column(group), strict=True):
                if value and value not in answers:
                    raise UserError(
                        f"item {name} has {group} '{value}', which the corpus does not name among "
                        f"{', '.join(values)}: add it to the groups of the corpus"
                    )
                if value:
                    answers[value].append(correct[name])
        for value, given in answers.items():
            if given:
                found.append(
                    GroupAccuracy(
                        group=group,
                        value=value,
                        items=len(given),
                        accuracy=100 * sum(given) / len(given),
                        interval=wilson_interval(sum(given), len(given)),
                    )
                )
    return found
