"""The bootstrap over speakers: by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.few_items import fold_of, items_of

from mmer.evaluation.predictions import System
from mmer.evaluation.speaker_bootstrap import (
    accuracy_interval,
    count_by_speaker,
    draw_speakers,
    interval,
    paired_differences,
    resampled_accuracies,
)
from mmer.runtime.errors import UserError


def system(name: str, correct: dict[int, list[int]]) -> System:
    """A system by whether each item of each speaker, all calm, is recognised."""
    marks = {
        f"s{speaker:02d}-{index}": answer
        for speaker, answers in correct.items()
        for index, answer in enumerate(answers)
    }
    items = items_of(dict.fromkeys(sorted(marks), "calm"))
    said = ["calm" if marks[item] else "sad" for item in items.names]
    return System(name, name, "speech", "vad", {"s": fold_of(items, said)})


def test_items_are_counted_by_speaker() -> None:
    correct, items = count_by_speaker(
        [system("a", {3: [1, 1, 0], 7: [0]}), system("b", {3: [0, 1, 0], 7: [1]})]
    )
    assert items.tolist() == [3, 1]
    assert correct.tolist() == [[2, 1], [0, 1]]


def test_two_speakers_give_three_accuracies_as_often_as_by_hand() -> None:
    # Speaker 1: 3 of 3, speaker 2: 0 of 1.  Twice the first: 100 %, one draw in four; one of each:
    # 75 %, one in two; twice the second: 0 %, one in four.
    drawn = resampled_accuracies(np.array([[3], [0]]), np.array([3, 1]), 40_000, seed=1)
    values, times = np.unique(drawn, return_counts=True)
    assert values.tolist() == [0, 75, 100]
    # Two standard deviations of a share of 0.5 over 40,000 draws are 0.005.
    assert times / 40_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_a_speaker_hard_for_both_does_not_widen_the_interval_of_the_difference() -> None:
    # Each speaker: a recognises one item of eight more than b, however hard the speaker is.
    better = system(
        "a", {speaker: [1] * (speaker % 8) + [0] * (8 - speaker % 8) for speaker in range(1, 25)}
    )
    worse = system(
        "b",
        {
            speaker: [1] * (speaker % 8 - 1) + [0] * (9 - speaker % 8) if speaker % 8 else [0] * 8
            for speaker in range(1, 25)
        },
    )
    difference = paired_differences([better, worse], 10_000, seed=0)["a", "b"]
    low, high = accuracy_interval(better, 10_000, seed=0)
    # Speakers 8, 16 and 24 are hopeless for both: 21 of 24 speakers differ by 12.5 points.
    assert difference.value == pytest.approx(12.5 * 21 / 24)
    assert difference.high - difference.low < 0.3 * (high - low)
    assert 0 < difference.low < difference.value < difference.high <= 12.5


def test_an_interval_leaves_out_a_fortieth_at_each_end() -> None:
    assert interval(np.arange(1001.0)) == (25, 975)


def test_as_many_speakers_are_drawn_as_there_are_whatever_is_measured() -> None:
    drawn = draw_speakers(7, 100, seed=3)
    assert set(drawn.sum(axis=1)) == {7} and drawn.shape == (100, 7)
    assert (drawn == draw_speakers(7, 100, seed=3)).all()
    assert (drawn != draw_speakers(7, 100, seed=4)).any()


def test_systems_evaluated_on_different_items_are_refused() -> None:
    with pytest.raises(UserError, match="not evaluated on the same items"):
        paired_differences([system("a", {1: [1]}), system("b", {2: [1]})], 1000, seed=0)
