"""Accuracy by group on five items, counted by hand."""

from __future__ import annotations

import pytest
from tests.few_items import fold_of, items_of

from mmer.evaluation.groups import groups_table
from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import System
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
    absent = System("b", "B", "face", "full", {}, not_run="weights missing")
    table = groups_table([SYSTEM, absent], GROUPS)
    assert set(table["system"]) == {"a"}
    found: dict[str, dict[str, object]] = {}
    for row in table.itertuples():
        found.setdefault(row.group, {})[row.value] = (row.items, pytest.approx(row.accuracy))
        right = round(row.items * row.accuracy / 100)
        assert (row.wilson_low, row.wilson_high) == wilson_interval(right, row.items)
    assert found == BY_HAND
    assert [list(values) for values in found.values()] == [list(v) for v in BY_HAND.values()]
    assert list(found) == list(BY_HAND)


def test_a_value_that_is_not_told_is_refused() -> None:
    with pytest.raises(UserError, match="item s3-1 has sex 'male', which the corpus does not name"):
        groups_table([SYSTEM], {"sex": ("female",)})
