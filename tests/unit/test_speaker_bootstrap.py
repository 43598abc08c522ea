"""The bootstrap over speakers: by hand, against SciPy, and in a simulation where items depend."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.few_items import fold_of, items_of

from mmer.evaluation.intervals import half_width
from mmer.evaluation.predictions import System
from mmer.evaluation.speaker_bootstrap import (
    SpeakerCounts,
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
    counts = count_by_speaker(
        [system("a", {3: [1, 1, 0], 7: [0]}), system("b", {3: [0, 1, 0], 7: [1]})]
    )
    assert counts.items.tolist() == [3, 1]
    assert counts.correct.tolist() == [[2, 1], [0, 1]]


def test_two_speakers_give_three_accuracies_as_often_as_by_hand() -> None:
    # Speaker 1: 3 of 3, speaker 2: 0 of 1.  Twice the first: 100 %, one draw in four; one of each:
    # 75 %, one in two; twice the second: 0 %, one in four.
    counts = SpeakerCounts(np.array([[3], [0]]), np.array([3, 1]))
    values, times = np.unique(resampled_accuracies(counts, 40_000, seed=1), return_counts=True)
    assert values.tolist() == [0, 75, 100]
    # Two standard deviations of a share of 0.5 over 40,000 draws are 0.005.
    assert times / 40_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_equal_speakers_leave_no_interval_however_uncertain_each_item_is() -> None:
    even = system("a", {speaker: [1, 0] for speaker in range(1, 25)})
    assert accuracy_interval(even, 1000, seed=0) == (50, 50)


def test_the_same_seed_gives_the_same_interval_and_another_one_hardly_another() -> None:
    uneven = system("a", {speaker: [1] * (speaker % 5) + [0] * 3 for speaker in range(1, 25)})
    first = accuracy_interval(uneven, 10_000, seed=0)
    assert accuracy_interval(uneven, 10_000, seed=0) == first
    assert accuracy_interval(uneven, 10_000, seed=1) == pytest.approx(first, abs=0.6)


def test_the_interval_is_scipys_percentile_bootstrap_of_equally_many_items_per_speaker() -> None:
    right = [speaker % 6 for speaker in range(1, 25)]
    ours = accuracy_interval(
        system("a", {speaker: [1] * n + [0] * (6 - n) for speaker, n in enumerate(right, start=1)}),
        50_000,
        seed=0,
    )
    theirs = stats.bootstrap(
        (100 * np.array(right) / 6,), np.mean, n_resamples=50_000, method="percentile", rng=1
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.5)


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


def test_one_system_has_no_difference() -> None:
    assert paired_differences([system("a", {1: [1], 2: [0]})], 1000, seed=0) == {}


def test_systems_evaluated_on_different_items_are_refused() -> None:
    with pytest.raises(UserError, match="not evaluated on the same items"):
        paired_differences([system("a", {1: [1]}), system("b", {2: [1]})], 1000, seed=0)


def test_the_interval_covers_the_truth_where_the_papers_does_not() -> None:
    # 24 speakers with 60 items, each speaker's accuracy drawn from a beta distribution around 80 %.
    rng = np.random.default_rng(2020)
    runs, truth = 400, 80
    correct = rng.binomial(60, rng.beta(8, 2, (24, runs)))
    resampled = resampled_accuracies(SpeakerCounts(correct, np.full(24, 60)), 2000, seed=0)
    low, high = np.percentile(resampled, (2.5, 97.5), axis=0)
    accuracy = 100 * correct.sum(axis=0) / 1440
    normal = np.array([half_width(value, 1440) for value in accuracy])
    covered = np.mean((low <= truth) & (truth <= high))
    covered_by_normal = np.mean(abs(accuracy - truth) <= normal)
    # 2,000 runs gave 92 % and 55 %; four standard deviations of a share of 0.92 are 0.054.
    assert 0.87 <= covered <= 0.97
    assert covered_by_normal < 0.65
