"""The two tasks: classes of an item, and traces over time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from mmer.items import items_table
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Task, Traces

# A network of calm, happy and sad alone says of neutral what it says of calm.
FOUR = Classes(names=("neutral", "calm", "happy", "sad"), column="mood", shared={"neutral": "calm"})
AFFECT = Traces(names=("arousal", "valence"), rate=25)


def items(*moods: str):
    rows = [{"item": f"i{row}", "speaker": "s", "mood": mood} for row, mood in enumerate(moods)]
    return items_table(rows, ["mood"])


def test_labels_are_positions_of_the_words() -> None:
    assert FOUR.labels(items("sad", "neutral", "calm")).tolist() == [3, 0, 1]
    assert FOUR.labelled(items("sad", "")).tolist() == [True, False]
    assert FOUR.outputs == 4
    assert FOUR.probability_columns[1] == "p_calm" and FOUR.logit_columns[3] == "logit_sad"


@pytest.mark.parametrize("mood", ["", "bored"])
def test_an_item_of_another_class_is_named(mood: str) -> None:
    with pytest.raises(UserError, match=f"item i1 has mood '{mood}'"):
        FOUR.labels(items("sad", mood))


def test_a_lacking_class_shares_a_posterior_and_all_are_renormalised() -> None:
    # sad 0.5, calm 0.3, happy 0.2: neutral gets 0.3 too, and everything is divided by 1.3.
    shared = FOUR.from_fewer(np.array([[0.5, 0.3, 0.2]]), ["sad", "calm", "happy"])
    assert shared[0] == pytest.approx(np.array([0.3, 0.3, 0.2, 0.5]) / 1.3)
    assert FOUR.counted_as_one(["sad", "calm", "happy"]) == [["calm", "neutral"]]
    assert FOUR.lacking(["sad", "calm", "happy"]) == []


def test_all_classes_stay_as_they_are_but_for_their_order() -> None:
    posteriors = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert FOUR.from_fewer(posteriors, FOUR.names) is posteriors
    turned = FOUR.from_fewer(posteriors, FOUR.names[::-1])
    assert turned[0] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert FOUR.counted_as_one(FOUR.names) == []


def test_a_class_that_nothing_is_shared_with_is_lacking() -> None:
    assert FOUR.lacking(["happy", "sad"]) == ["neutral", "calm"]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "classes", "names": ["a", "a"], "column": "c"},
        {"kind": "classes", "names": ["a", "b"], "column": "c", "shared": {"a": "z"}},
        {"kind": "traces", "names": ["a", "a"], "rate": 1},
        {"kind": "traces", "names": ["step"], "rate": 1},
    ],
)
def test_a_task_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"once|only classes of the task"):
        TypeAdapter(Task).validate_python(fields)


def test_the_loss_of_classes_is_the_cross_entropy() -> None:
    # Even odds of two classes, and three to one for the right one of two: means of the logs.
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    task = Classes(names=("a", "b"), column="c")
    expected = -(math.log(1 / 2) + math.log(3 / 4)) / 2
    assert task.loss(logits, torch.tensor([1, 0])).item() == pytest.approx(expected)
    assert task.scores(logits, torch.tensor([1, 0]))["accuracy"] == 0.5


def test_the_concordance_of_traces_by_hand_without_the_padding() -> None:
    # Arousal 1, 2 | 3 against 2, 3 | 4: variances 2/3, covariance 2/3, means 1 apart:
    # 2 * 2/3 / (2/3 + 2/3 + 1) = 4/7.  Valence is followed exactly: 1.
    predicted = torch.tensor([[[1.0, 5], [2, 6]], [[3, 9], [99, 99]]])
    true = torch.tensor([[[2.0, 5], [3, 6]], [[4, 9], [-7, -7]]])
    lengths = torch.tensor([2, 1])
    scores = AFFECT.scores(predicted, true, lengths)
    assert scores["ccc_arousal"] == pytest.approx(4 / 7)
    assert scores["ccc_valence"] == pytest.approx(1)
    assert scores["ccc"] == pytest.approx((4 / 7 + 1) / 2)
    assert AFFECT.loss(predicted, true, lengths).item() == pytest.approx(1 - scores["ccc"])


def test_two_equal_constants_have_no_concordance_and_a_finite_loss() -> None:
    flat = torch.zeros(1, 3, 2)
    assert AFFECT.loss(flat, flat, torch.tensor([3])).item() == 1
