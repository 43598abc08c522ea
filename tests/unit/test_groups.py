"""Accuracy by group on five items, counted by hand."""

from __future__ import annotations

import pytest
from tests.few_items import fold_of, items_of

from mmer.evaluation.groups import group_accuracies
from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import System
from mmer.evaluation.tables import groups_table
from mmer.runtime.errors import UserError

GROUPS = {"sex": ("male", "female"), "force": ("strong", "weak", "none")}
ITEMS = items_of(
    {"s10-1": "calm", "s2-1": "happy", "s2-2": "sad", "s3-1": "calm", "s3-2": "happy"},
    sex=["female", "female", "female", "male", "male"],
    force=["strong", "weak", "", "weak", "strong"],
)
# Wrong, right, wrong, right, right.
SYSTEM = System(
    "a", "A", "speech", "vad", {"one": fold_of(ITEMS, ["happy", "happy", "calm", "calm", "happy"])}
)
BY_HAND = {
    "emotion": {"calm": (2, 50), "happy": (2, 100), "sad": (1, 0)},
    "speaker": {"s10": (1, 0), "s2": (2, 50), "s3": (2, 100)},
    "sex": {"male": (2, 100), "female": (3, 100 / 3)},
    # An item whose cell is empty counts in no group, and a value that no item has is left out.
    "force": {"strong": (2, 50), "weak": (2, 100)},
}


def test_each_group_by_hand_in_the_order_told() -> None:
    found: dict[str, dict[str, object]] = {}
    for each in group_accuracies(SYSTEM, GROUPS):
        found.setdefault(each.group, {})[each.value] = (each.items, pytest.approx(each.accuracy))
    assert found == BY_HAND
    assert [list(values) for values in found.values()] == [list(v) for v in BY_HAND.values()]
    assert list(found) == list(BY_HAND)


def test_the_interval_is_wilsons_over_the_items_of_the_group() -> None:
    happy = next(each for each in group_accuracies(SYSTEM, {}) if each.value == "happy")
    assert happy.interval == wilson_interval(2, 2)


def test_a_value_that_is_not_told_is_refused() -> None:
    with pytest.raises(UserError, match="item s3-1 has sex 'male', which the corpus does not name"):
        group_accuracies(SYSTEM, {"sex": ("female",)})


def test_the_table_leaves_out_systems_that_were_not_run() -> None:
    absent = System("b", "B", "face", "full", {}, not_run="weights missing")
    table = groups_table([SYSTEM, absent], GROUPS)
    assert set(table["system"]) == {"a"}
    assert table.groupby("group")["items"].sum().to_dict() == {
        "emotion": 5,
        "speaker": 5,
        "sex": 5,
        "force": 4,
    }
    assert list(groups_table([absent], GROUPS)) == list(table)
