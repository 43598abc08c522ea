"""Classes that a recogniser cannot tell apart, counted as one.

Source: paper section 4.2, max voting over a network that was trained on AffectNet, whose posterior
two of RAVDESS's classes have to share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmer.evaluation.predictions import FoldPredictions
from mmer.tasks import Classes, Traces


def merge_classes(fold: FoldPredictions, groups: Sequence[Sequence[str]]) -> FoldPredictions:
    """Count an item as right whose true and predicted class are in one group.

    For such an item the prediction is set to the true class.  Each member holds the posterior that
    all of them share (:meth:`mmer.tasks.Classes.from_fewer`): it counts once, for the item's true
    class where that is in the group, else for the predicted or first one of the group.  So every
    statistic of these predictions, the confusion matrix too, is that of a recogniser that never
    confuses the members of a group: no confusion between them is shown, and accuracies are not
    those of all classes.

    ``groups`` are classes that count as one, in words; no class is in two.
    """
    predicted = fold.predicted.copy()
    probabilities = None if fold.probabilities is None else fold.probabilities.copy()
    for group in groups:
        members = fold.task.positions(group)
        is_true, is_predicted = np.isin(fold.true, members), np.isin(fold.predicted, members)
        predicted = np.where(is_true & is_predicted, fold.true, predicted)
        if probabilities is not None:
            target = np.where(is_true, fold.true, np.where(is_predicted, predicted, members[0]))
            shared = probabilities[:, members].mean(axis=1)
            probabilities[:, members] = 0
            probabilities[np.arange(len(target)), target] = shared
            probabilities /= probabilities.sum(axis=1, keepdims=True)
    return replace(fold, predicted=predicted, probabilities=probabilities)


def merge_note(groups: Sequence[Sequence[str]]) -> str:
    """What tables say of a system whose classes were merged; nothing where none were."""
    return "; ".join(f"{' and '.join(group)} count as one" for group in groups)


def check_merged(groups: Sequence[Sequence[str]], task: Classes | Traces) -> None:
    """A ValueError where groups hold unknown or doubled classes, or fewer than two."""
    named = [word for group in groups for word in group]
    known = task.names if isinstance(task, Classes) else ()
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise ValueError(f"merged names {unknown[0]}, which is no class of the task")
    if len(set(named)) < len(named) or any(len(group) < 2 for group in groups):
        raise ValueError("merged wants groups of at least two classes, each class at most once")
