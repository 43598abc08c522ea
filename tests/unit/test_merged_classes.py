"""Neutral and calm counted as one, on three clips: neutral, calm and happy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmer.errors import UserError
from mmer.evaluation.merged_classes import merge_classes
from mmer.evaluation.predictions import FoldPredictions, System, classes_of
from mmer.evaluation.request import read_requests
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.summary_table import summary_table
from mmer.posteriors import Posteriors, write_posteriors

CLIPS = ("01-01-01-01-01-01-01", "01-01-02-01-01-01-01", "01-01-03-01-01-01-01")
GROUPS = [["neutral", "calm"]]
NEUTRAL, CALM, HAPPY = classes_of(["neutral", "calm", "happy"])


def fold(words: list[str], probabilities: np.ndarray | None = None) -> FoldPredictions:
    return FoldPredictions(CLIPS, classes_of(words), probabilities)


def test_a_clip_is_right_when_truth_and_prediction_lie_in_one_group() -> None:
    merged = merge_classes(fold(["calm", "neutral", "happy"]), GROUPS)
    assert merged.correct.tolist() == [True, True, True]


def test_a_member_taken_for_another_emotion_or_the_reverse_stays_wrong() -> None:
    merged = merge_classes(fold(["happy", "sad", "neutral"]), GROUPS)
    assert merged.correct.tolist() == [False, False, False]
    assert merged.predicted.tolist() == classes_of(["happy", "sad", "neutral"]).tolist()


def test_without_groups_nothing_changes() -> None:
    before = fold(["calm", "neutral", "happy"])
    assert merge_classes(before, []).predicted.tolist() == before.predicted.tolist()


def test_a_groups_probability_goes_to_the_true_class_or_else_the_predicted_one() -> None:
    probabilities = np.zeros((3, 8))
    probabilities[:, NEUTRAL], probabilities[:, CALM], probabilities[:, HAPPY] = 0.1, 0.5, 0.4
    merged = merge_classes(fold(["calm", "calm", "calm"], probabilities), GROUPS).probabilities
    assert merged[0, [NEUTRAL, CALM, HAPPY]] == pytest.approx([0.6, 0, 0.4])
    assert merged[1, [NEUTRAL, CALM, HAPPY]] == pytest.approx([0, 0.6, 0.4])
    assert merged[2, [NEUTRAL, CALM, HAPPY]] == pytest.approx([0, 0.6, 0.4])


def request(posteriors: Path, merged: object) -> str:
    fields = {"name": "vote", "title": "Voting", "modality": "face", "variant": "full"}
    return json.dumps([fields | {"posteriors": {"s": str(posteriors)}, "merged": merged}])


def test_a_requested_group_counts_and_is_told_in_the_summary(tmp_path: Path) -> None:
    always_neutral = Posteriors(CLIPS, np.full(3, "heldout"), np.eye(8)[[NEUTRAL] * 3], None)
    write_posteriors(tmp_path / "p.csv", always_neutral)
    (asked,), _ = read_requests(request(tmp_path / "p.csv", GROUPS), "[]", "{}")
    system = asked.load()
    assert isinstance(system, System)
    row = summary_table([system], {}, EvaluationSettings(), 0).iloc[0]
    # Neutral and calm right, happy wrong.
    assert row["mean_accuracy"] == pytest.approx(200 / 3)
    assert row["note"] == "neutral and calm count as one"


@pytest.mark.parametrize(
    ("merged", "complaint"),
    [
        ([["neutral", "bored"]], "bored, which is no emotion"),
        ([["neutral"]], "at least two emotions"),
        ([["neutral", "calm"], ["calm", "sad"]], "each emotion at most once"),
    ],
)
def test_groups_that_are_none_are_refused(merged: object, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_requests(request(Path("p.csv"), merged), "[]", "{}")
