"""Neutral and calm counted as one, on three items: neutral, calm and happy."""

from __future__ import annotations

import numpy as np
import pytest
from tests.few_items import EMOTION, fold_of, items_of

from mmer.evaluation.merged_classes import check_merged, merge_classes, merge_note
from mmer.tasks import Traces

ITEMS = items_of({"s-1": "neutral", "s-2": "calm", "s-3": "happy"})
GROUPS = [["neutral", "calm"]]


def test_an_item_is_right_when_truth_and_prediction_lie_in_one_group() -> None:
    merged = merge_classes(fold_of(ITEMS, ["calm", "neutral", "happy"]), GROUPS)
    assert merged.correct.tolist() == [True, True, True]


def test_a_member_taken_for_another_class_or_the_reverse_stays_wrong() -> None:
    before = fold_of(ITEMS, ["happy", "sad", "neutral"])
    merged = merge_classes(before, GROUPS)
    assert merged.correct.tolist() == [False, False, False]
    assert merged.predicted.tolist() == before.predicted.tolist()


def test_without_groups_nothing_changes() -> None:
    before = fold_of(ITEMS, ["calm", "neutral", "happy"])
    assert merge_classes(before, []).predicted.tolist() == before.predicted.tolist()


def test_a_groups_probability_goes_to_the_true_class_or_else_the_predicted_one() -> None:
    calm_first = np.tile([0.1, 0.5, 0.4, 0.0], (3, 1))
    merged = merge_classes(fold_of(ITEMS, ["calm"] * 3, calm_first), GROUPS).probabilities
    assert merged[0] == pytest.approx([0.6, 0, 0.4, 0])
    assert merged[1] == pytest.approx([0, 0.6, 0.4, 0])
    assert merged[2] == pytest.approx([0, 0.6, 0.4, 0])


def test_the_note_names_the_classes() -> None:
    assert merge_note(GROUPS) == "neutral and calm count as one"
    assert merge_note([]) == ""


@pytest.mark.parametrize(
    ("merged", "complaint"),
    [
        ([["neutral", "bored"]], "bored, which is no class"),
        ([["neutral"]], "at least two classes"),
        ([["neutral", "calm"], ["calm", "sad"]], "each class at most once"),
    ],
)
def test_groups_that_are_none_are_refused(merged: list[list[str]], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_merged(merged, EMOTION)


def test_traces_have_no_classes_to_merge() -> None:
    check_merged([], Traces(names=("arousal",), rate=1))
    with pytest.raises(ValueError, match="no class of the task"):
        check_merged(GROUPS, Traces(names=("arousal",), rate=1))
