"""Neutral and calm counted as one, on three items: neutral, calm and happy."""

from __future__ import annotations

import numpy as np
import pytest
from tests.few_items import EMOTION, fold_of, items_of

from mmer.evaluation.merged_classes import check_merged, merge_classes, merge_note
from mmer.tasks import Traces

ITEMS = items_of({"s-1": "neutral", "s-2": "calm", "s-3": "happy"})
GROUPS = [["neutral", "calm"]]


@pytest.mark.parametrize(
    ("said", "after"),
    [
        # Truth and prediction in one group: right.
        (["calm", "neutral", "happy"], ["neutral", "calm", "happy"]),
        # A member taken for another class, or the reverse: as it was.
        (["happy", "sad", "neutral"], ["happy", "sad", "neutral"]),
    ],
)
def test_a_prediction_within_the_group_is_the_truth(said: list[str], after: list[str]) -> None:
    merged = merge_classes(fold_of(ITEMS, said), GROUPS).predicted
    assert merged.tolist() == EMOTION.positions(after).tolist()
    assert merge_classes(fold_of(ITEMS, said), []).predicted.tolist() == (
        EMOTION.positions(said).tolist()
    )


def test_the_posterior_that_a_group_shares_counts_once_for_the_true_class_or_the_predicted_one():
    # A network without calm says neutral 0.6, happy 0.4; neutral and calm share the 0.6.
    task = EMOTION.model_copy(update={"shared": {"calm": "neutral"}})
    shared = task.from_fewer(np.tile([0.6, 0.4, 0.0], (3, 1)), ["neutral", "happy", "sad"])
    assert shared[0] == pytest.approx([0.375, 0.375, 0.25, 0])
    merged = merge_classes(fold_of(ITEMS, ["calm"] * 3, shared), GROUPS).probabilities
    assert merged[0] == pytest.approx([0.6, 0, 0.4, 0])
    assert merged[1] == pytest.approx([0, 0.6, 0.4, 0])
    assert merged[2] == pytest.approx([0, 0.6, 0.4, 0])


def test_the_note_names_the_classes() -> None:
    assert merge_note(GROUPS) == "neutral and calm count as one"
    assert merge_note([]) == ""


@pytest.mark.parametrize(
    ("merged", "task", "complaint"),
    [
        ([["neutral", "bored"]], EMOTION, "bored, which is no class"),
        ([["neutral"]], EMOTION, "at least two classes"),
        ([["neutral", "calm"], ["calm", "sad"]], EMOTION, "each class at most once"),
        (GROUPS, Traces(names=("arousal",), rate=1), "no class of the task"),
    ],
)
def test_groups_that_are_none_are_refused(merged, task, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_merged(merged, task)
