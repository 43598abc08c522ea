"""Calibration of four items by hand, and of many against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from tests.few_items import EMOTION, fold_of, items_of

from mmer.evaluation.calibration import calibrate
from mmer.evaluation.predictions import System
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.tables import calibration_table
from mmer.items import Items

ITEMS = items_of(dict.fromkeys(["s-1", "s-2", "s-3", "s-4"], "calm"))


def between(calm: list[float]) -> np.ndarray:
    """Probabilities of items that may be calm or sad."""
    probabilities = np.zeros((len(calm), EMOTION.outputs))
    probabilities[:, 1], probabilities[:, 3] = calm, 1 - np.array(calm)
    return probabilities


def system(items: Items, probabilities: np.ndarray | None) -> System:
    said = ["calm"] * len(items)
    if probabilities is not None:
        said = [EMOTION.names[label] for label in probabilities.argmax(axis=1)]
    return System("a", "A", "face", "vad", {"s": fold_of(items, said, probabilities)})


# All four are calm.  Confidences 0.9, 0.7, 0.75 (right) and 0.6 (sad, wrong).
FOUR = system(ITEMS, between([0.9, 0.7, 0.75, 0.4]))


def test_bins_by_hand() -> None:
    # Halves of confidence up to 0.75 and above: (0.5, 0.75] holds 0.7, 0.75 and 0.6.
    third, fourth = calibrate(FOUR, bins=4).bins[2:]
    assert (third.items, fourth.items) == (3, 1)
    assert third.confidence == pytest.approx(100 * (0.7 + 0.75 + 0.6) / 3)
    assert third.accuracy == pytest.approx(100 * 2 / 3)
    assert (fourth.confidence, fourth.accuracy) == (pytest.approx(90), 100)


def test_an_empty_bin_has_no_confidence() -> None:
    empty = calibrate(FOUR, bins=4).bins[0]
    assert empty.items == 0 and math.isnan(empty.confidence) and math.isnan(empty.accuracy)


def test_the_expected_error_by_hand() -> None:
    # Third bin 68.333 against 66.667, three clips; fourth bin 90 against 100, one clip.
    expected = (3 * (205 / 3 - 200 / 3) + 1 * 10) / 4
    assert calibrate(FOUR, bins=4).expected_error == pytest.approx(expected)


def test_brier_score_by_hand() -> None:
    # Twice the squared probability of sad: 0.1, 0.3, 0.25 and 0.6.
    expected = 2 * (0.01 + 0.09 + 0.0625 + 0.36) / 4
    assert calibrate(FOUR, bins=4).brier == pytest.approx(expected)


def test_negative_log_likelihood_by_hand() -> None:
    expected = -sum(map(math.log, (0.9, 0.7, 0.75, 0.4))) / 4
    assert calibrate(FOUR, bins=4).negative_log_likelihood == pytest.approx(expected)


def test_certain_and_wrong_costs_much_but_not_infinitely_much() -> None:
    wrong = system(ITEMS.of(["s-1"]), between([0.0]))
    assert calibrate(wrong, bins=4).negative_log_likelihood == pytest.approx(
        -math.log(np.finfo(np.float64).eps)
    )


def test_bins_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    items = items_of({f"s-{n:03d}": EMOTION.names[n % 4] for n in range(400)})
    probabilities = rng.dirichlet(np.full(4, 0.2), len(items))
    many = system(items, probabilities)
    accuracy, confidence = calibration_curve(
        many.folds["s"].correct, probabilities.max(axis=1), n_bins=10
    )
    filled = [each for each in calibrate(many, bins=10).bins if each.items]
    assert [each.accuracy for each in filled] == pytest.approx(100 * accuracy)
    assert [each.confidence for each in filled] == pytest.approx(100 * confidence)


def test_a_system_without_probabilities_has_no_calibration() -> None:
    without = system(ITEMS, None)
    assert calibrate(without, bins=4) is None
    assert calibration_table([without], EvaluationSettings()).empty


def test_the_table_counts_bins_from_the_least_confident() -> None:
    table = calibration_table([FOUR], EvaluationSettings(calibration_bins=4))
    assert table["bin"].tolist() == [0, 1, 2, 3]
    assert table["items"].tolist() == [0, 0, 3, 1]
