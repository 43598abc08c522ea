"""Emotions that a recogniser cannot tell apart, counted as one.

Source: paper section 4.2, max voting over a network that was trained on AffectNet, which has no
calm: "we had to assimilate the same posterior for the 'Calm' and 'Neutral' classes".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmer.corpus.labels import EMOTIONS
from mmer.evaluation.predictions import FoldPredictions, classes_of


def merge_classes(fold: FoldPredictions, groups: Sequence[Sequence[str]]) -> FoldPredictions:
    """Count a clip as right whose true and predicted emotion are in one group.

    For such a clip the prediction is set to the true class, and a group's whole probability goes
    to the clip's true class where that is in the group, else to the predicted or first one of the
    group.  So every statistic of these predictions, the confusion matrix too, is that of a
    recogniser that never confuses the members of a group: no confusion between them is shown, and
    accuracies are not those of eight classes.

    Parameters
    ----------
    fold
        Predictions of all eight classes.  A posterior that two emotions share stands with one of
        them whole, or with both in such a way that the most probable class is still right.
    groups
        Emotions that count as one, in words; no emotion in two groups.
    """
    predicted = fold.predicted.copy()
    probabilities = None if fold.probabilities is None else fold.probabilities.copy()
    for group in groups:
        members = classes_of(group)
        is_true, is_predicted = np.isin(fold.true, members), np.isin(fold.predicted, members)
        predicted = np.where(is_true & is_predicted, fold.true, predicted)
        if probabilities is not None:
            target = np.where(is_true, fold.true, np.where(is_predicted, predicted, members[0]))
            together = probabilities[:, members].sum(axis=1)
            probabilities[:, members] = 0
            probabilities[np.arange(len(target)), target] = together
    return replace(fold, predicted=predicted, probabilities=probabilities)


def merge_note(groups: Sequence[Sequence[str]]) -> str:
    """What tables say of a system whose emotions were merged; nothing where none were."""
    return "; ".join(f"{' and '.join(group)} count as one" for group in groups)


def check_groups(groups: Sequence[Sequence[str]]) -> None:
    """Refuse groups of unknown or doubled emotions, or of fewer than two.

    Raises
    ------
    ValueError
        If a group is not one.
    """
    named = [emotion for group in groups for emotion in group]
    unknown = sorted(set(named) - set(EMOTIONS))
    if unknown:
        raise ValueError(f"merged names {unknown[0]}, which is no emotion")
    if len(set(named)) < len(named) or any(len(group) < 2 for group in groups):
        raise ValueError("merged wants groups of at least two emotions, each emotion at most once")
