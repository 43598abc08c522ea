"""What the choices are worth: every part by hand, each like with like."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mmer.by_recording import BY_RECORDING
from mmer.evaluation.choices import (
    KNOWN_SPEAKER,
    REST,
    WHOLE,
    Choices,
    choices_table,
    of_trainings,
    worth,
)
from mmer.evaluation.ways import CLASSIFIER, EPOCH, ONE, SETTING
from mmer.items import items_table
from mmer.predictions import Posteriors
from mmer.protocol import NESTED, PAPER, one_fold_out, two_folds_out
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

TASK = Classes(names=("low", "high"), column="pitch")
FOLDS = one_fold_out([["a"], ["b"], ["c"]])
SPLITS = {n: s for pair in two_folds_out(FOLDS.values()).values() for n, s in pair.items()}
ITEMS = items_table(
    [{"item": f"{who}{n}", "speaker": who, "pitch": "high"} for who in "abc" for n in range(4)],
    ["pitch"],
)


def table(split: str, recognised: dict[str, int]) -> Posteriors:
    """Who says so of so many of the four items of each speaker that they are high, as they are."""
    high = [0.9 if int(name[1]) < recognised.get(name[0], 4) else 0.1 for name in ITEMS.names]
    both = np.stack([1 - np.array(high), high], axis=1)
    return Posteriors(TASK, ITEMS, SPLITS[split].parts_of(ITEMS), both, None)


def share(**recognised: float) -> pd.Series:
    """A way in which every item of a speaker is recognised by so large a share of trainings."""
    return pd.Series([float(recognised[name[0]]) for name in ITEMS.names], index=ITEMS.names)


def system(*seeds: dict, **absent: str) -> Choices:
    return Choices("s/full", "s", "speech", "full", seeds, absent)


def rows(*systems: Choices) -> pd.DataFrame:
    found = choices_table(systems, ITEMS, 1000, seed=1)
    return found.set_index("part")


# Trainings


def test_the_same_trainings_are_tested_with_what_others_chose_and_with_what_the_tested_chose():
    # Each split is tested on its first fold, as weights say that its second fold chose.
    tables = {
        "pair0_1_a": table("pair0_1_a", {"a": 1, "b": 3}),  # chosen by b
        "pair0_1_b": table("pair0_1_b", {"b": 2, "a": 4}),  # the same training, chosen by a
        "pair0_2_a": table("pair0_2_a", {"a": 2, "c": 2}),  # chosen by c
        "pair0_2_b": table("pair0_2_b", {"c": 0, "a": 3}),  # chosen by a
        "pair1_2_a": table("pair1_2_a", {"b": 1, "c": 4}),  # chosen by c
        "pair1_2_b": table("pair1_2_b", {"c": 1, "b": 2}),  # chosen by b
    }
    by_others, by_tested = of_trainings(tables.values())
    # Of a's four items, 1 and 2 are recognised by two trainings where others choose, 4 and 3 where
    # a does; of b's 2 and 1, against 3 and 2; of c's 0 and 1, against 2 and 4.
    assert by_others[["a0", "a1", "a2"]].tolist() == [1, 0.5, 0]
    speakers = [name[0] for name in by_others.index]
    assert by_others.groupby(speakers).sum().tolist() == [1.5, 1.5, 0.5]
    assert by_tested.groupby(speakers).sum().tolist() == [3.5, 2.5, 3.0]


def test_a_training_that_is_missing_is_no_mean_of_like_trainings():
    tables = [table(split, {}) for split in SPLITS if split != "pair0_1_a"]
    with pytest.raises(AssertionError, match="held out by as many trainings"):
        of_trainings(tables)


def test_classes_that_count_as_one_do_so_here_too():
    tables = [table(split, {"a": 0, "b": 0, "c": 0}) for split in SPLITS]
    assert [way.mean() for way in of_trainings(tables)] == [0, 0]
    assert [way.mean() for way in of_trainings(tables, [("low", "high")])] == [1, 1]


# Worth


def test_a_difference_is_paired_by_speaker():
    # Speakers differ by 100 points in either way; the difference is 25 of each.
    found = worth([(share(a=0.25, b=1, c=0.5), share(a=0, b=0.75, c=0.25))], ITEMS, 1000, 1)
    assert (found.with_it, found.without) == (pytest.approx(100 * 7 / 12), pytest.approx(100 / 3))
    assert found[2:5] == pytest.approx((25, 25, 25))
    assert math.isnan(found.seed_deviation)


def test_its_interval_is_over_draws_of_speakers():
    # One of three speakers gains 100 points.  It is drawn never in 8 of 27 draws, and three times
    # in 1 of 27, which is more than the fortieth that an interval leaves out at each end.
    found = worth([(share(a=1, b=0, c=0), share(a=0, b=0, c=0))], ITEMS, 20_000, 1)
    assert found.difference == pytest.approx(100 / 3)
    assert (found.low, found.high) == pytest.approx((0, 100))


def test_over_seeds_it_is_the_mean_and_has_a_deviation():
    nothing = share(a=0, b=0, c=0)
    seeds = [(share(a=0.3, b=0.3, c=0.3), nothing), (share(a=0.5, b=0.5, c=0.5), nothing)]
    found = worth(seeds, ITEMS, 1000, 1)
    assert found.difference == pytest.approx(40)
    assert (found.low, found.high) == pytest.approx((40, 40))  # every speaker gains as much
    assert found.seed_deviation == pytest.approx(10 * math.sqrt(2))


def test_its_interval_over_several_seeds_is_that_of_their_mean():
    # One seed gains 100 points on a, the other on b: in the mean a and b gain 50 each, c nothing.
    # Draws of c alone are 1 of 27, draws without c 8 of 27.
    nothing = share(a=0, b=0, c=0)
    seeds = [(share(a=1, b=0, c=0), nothing), (share(a=0, b=1, c=0), nothing)]
    found = worth(seeds, ITEMS, 20_000, 1)
    assert found.difference == pytest.approx(100 / 3)
    assert (found.low, found.high) == pytest.approx((0, 50))
    assert found.seed_deviation == pytest.approx(0)


def test_what_was_tested_on_other_items_is_refused():
    with pytest.raises(UserError, match=r"same items \(4 differ, the first a0\)"):
        every = share(a=1, b=1, c=1)
        worth([(every, every.drop(["a0", "a1", "a2", "a3"]))], ITEMS, 1000, 1)


# The table


def test_the_parts_of_the_whole_and_what_they_leave_add_up_to_it():
    ways = {
        PAPER: share(a=0.75, b=0.5, c=0.5),
        NESTED: share(a=0.25, b=0.5, c=0.25),
        ONE: share(a=0.25, b=0.25, c=0.25),
        EPOCH: share(a=0.5, b=0.5, c=0.25),
        SETTING: share(a=0.25, b=0.5, c=0.25),
    }
    found = rows(system(ways))
    worths = found["difference"] * 12 / 100  # in items
    assert worths[WHOLE] == pytest.approx(3)  # 7 items recognised in the place of 4
    assert worths[EPOCH] == pytest.approx(2)
    assert worths[SETTING] == pytest.approx(1)
    assert worths[ONE] == pytest.approx(-1)  # one training is worse than the mean of several
    assert worths[REST] == pytest.approx(3 - 2 - 1 + 1)
    assert KNOWN_SPEAKER not in found.index and CLASSIFIER not in found.index


def test_knowing_the_speaker_is_told_beside_the_paper_s_protocol_which_chooses_alike():
    ways = {BY_RECORDING: share(a=1, b=1, c=1), PAPER: share(a=0.5, b=0.5, c=0.5)}
    found = rows(system(ways))
    assert found.loc[KNOWN_SPEAKER, ["with_it", "without", "difference"]].tolist() == [100, 50, 50]
    assert list(found.index) == [KNOWN_SPEAKER]


def test_a_part_that_is_not_to_be_had_says_why_and_keeps_the_accuracy_that_is():
    found = rows(system({PAPER: share(a=1, b=1, c=0.25)}, nested="these splits do not exist"))
    whole = found.loc[WHOLE]
    assert (whole["with_it"], whole["reason"]) == (75, "these splits do not exist")
    assert math.isnan(whole["without"]) and math.isnan(whole["difference"])
    assert list(found.index) == [WHOLE]


def test_without_any_way_there_is_a_reason_still():
    found = rows(system({}, paper="a constant", nested="a constant"))
    assert found["reason"].to_dict() == {WHOLE: "a constant"}


def test_seeds_are_told():
    seeds = [{PAPER: share(a=n, b=n, c=n), NESTED: share(a=0, b=0, c=0)} for n in (0.5, 1)]
    whole = rows(system(*seeds)).loc[WHOLE]
    assert (whole["with_it"], whole["difference"], whole["seeds"]) == (75, 75, 2)
    assert whole["seed_deviation"] == pytest.approx(50 / math.sqrt(2))
