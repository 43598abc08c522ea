"""Who trains, who chooses and who is tested."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mmer.items import items_table
from mmer.protocol import Split, one_fold_out
from mmer.runtime.errors import UserError

NESTED = Split(name="n", train=("a", "b"), choose=("c",), test=("d",))
ITEMS = items_table(
    [{"item": f"{who}{n}", "speaker": who} for who in ("d", "a", "c", "b", "x") for n in (1, 2)], []
)


def test_each_split_holds_one_fold_out_and_trains_on_the_rest() -> None:
    splits = one_fold_out([["c", "a"], ["b"], ["d"]])
    assert list(splits) == ["fold0", "fold1", "fold2"]
    # Those who choose are those who are tested: the paper's protocol.
    assert splits["fold0"] == Split(
        name="fold0", train=("b", "d"), choose=("a", "c"), test=("a", "c")
    )
    assert splits["fold0"].choosing_part == "test"
    tested = [speaker for split in splits.values() for speaker in split.test]
    assert sorted(tested) == ["a", "b", "c", "d"]


def test_in_a_nested_split_nobody_tested_chooses() -> None:
    assert [NESTED.part(who) for who in "abcd"] == ["train", "train", "choose", "test"]
    assert NESTED.choosing_part == "choose"
    alone = Split(name="n", train=("a",), choose=(), test=("d",))
    assert alone.choosing_part == "train"


def test_items_get_the_part_of_their_speaker_and_strangers_none() -> None:
    parts = NESTED.parts_of(ITEMS).tolist()
    assert parts == [p for p in ("test", "train", "choose", "train", "") for _ in (1, 2)]


def test_a_speaker_without_items_is_named() -> None:
    with pytest.raises(UserError, match="split n needs speaker b, who has no item here"):
        NESTED.parts_of(ITEMS.where(ITEMS.speakers != "b"))


def test_groups_need_not_be_speakers() -> None:
    items = items_table([{"item": n, "speaker": "s", "set": n} for n in ("left", "right")], ["set"])
    split = Split(name="n", by="set", train=("left",), choose=("right",), test=("right",))
    assert split.parts_of(items).tolist() == ["train", "test"]


@pytest.mark.parametrize(
    ("who", "complaint"),
    [
        ({"train": ("a", "b"), "choose": (), "test": ("b",)}, "both sides"),
        ({"train": ("a", "b"), "choose": ("b",), "test": ("c",)}, "both sides"),
        ({"train": ("a",), "choose": ("b", "c"), "test": ("c",)}, "chooses by some of its test"),
        ({"train": (), "choose": ("b",), "test": ("b",)}, "nobody to train on"),
    ],
)
def test_a_split_that_leaks_is_refused(who: dict[str, tuple[str, ...]], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Split(name="n", **who)
