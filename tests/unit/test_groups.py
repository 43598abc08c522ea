"""Accuracy by group on five clips, counted by hand."""

from __future__ import annotations

import pytest

from mmer.evaluation.groups import GROUPS, group_accuracies
from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import FoldPredictions, System, classes_of
from mmer.evaluation.tables import groups_table

# Emotion, intensity, statement, actor: (calm, normal, kids, 1) right,
# (calm, strong, dogs, 10) wrong, (happy, strong, kids, 1) right,
# (happy, strong, dogs, 2) right, (sad, normal, dogs, 2) wrong.
FOLD = FoldPredictions(
    (
        "01-01-02-01-01-01-01",
        "01-01-02-02-02-01-10",
        "01-01-03-02-01-01-01",
        "01-01-03-02-02-01-02",
        "01-01-04-01-02-01-02",
    ),
    classes_of(["calm", "happy", "happy", "happy", "calm"]),
)
SYSTEM = System("a", "A", "speech", "vad", {"one": FOLD})
BY_HAND = {
    "emotion": {"calm": (2, 50), "happy": (2, 100), "sad": (1, 0)},
    "actor": {"01": (2, 100), "02": (2, 50), "10": (1, 0)},
    "intensity": {"normal": (2, 50), "strong": (3, 200 / 3)},
    "sex": {"male": (2, 100), "female": (3, 100 / 3)},
    "statement": {
        "Kids are talking by the door": (2, 100),
        "Dogs are sitting by the door": (3, 100 / 3),
    },
}


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_by_hand_in_ravdess_order(group: str) -> None:
    found = {
        each.value: (each.clips, pytest.approx(each.accuracy))
        for each in group_accuracies(SYSTEM)
        if each.group == group
    }
    assert found == BY_HAND[group]
    assert list(found) == list(BY_HAND[group])


def test_the_interval_is_wilsons_over_the_clips_of_the_group() -> None:
    happy = next(each for each in group_accuracies(SYSTEM) if each.value == "happy")
    assert happy.interval == wilson_interval(2, 2)


def test_the_table_leaves_out_systems_that_were_not_run() -> None:
    absent = System("b", "B", "face", "full", {}, not_run="weights missing")
    table = groups_table([SYSTEM, absent])
    assert set(table["system"]) == {"a"}
    assert table["clips"].sum() == 5 * len(GROUPS)
    assert list(groups_table([absent])) == list(table)
