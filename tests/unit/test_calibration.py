"""Calibration of four items by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.few_items import EMOTION, fold_of, items_of

from mmer.evaluation.calibration import calibrate, calibration_table
from mmer.evaluation.predictions import System
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


def test_four_items_by_hand() -> None:
    # Halves of confidence up to 0.75 and above: (0.5, 0.75] holds 0.7, 0.75 and 0.6.
    found = calibrate(FOUR, bins=4)
    _, _, third, fourth = found.bins
    assert third == pytest.approx((100 * (0.7 + 0.75 + 0.6) / 3, 100 * 2 / 3, 3))
    assert fourth == pytest.approx((90, 100, 1))
    # Third bin 68.333 against 66.667, three items; fourth bin 90 against 100, one item.
    assert found.expected_error == pytest.approx((3 * (205 / 3 - 200 / 3) + 1 * 10) / 4)
    # Twice the squared probability of sad: 0.1, 0.3, 0.25 and 0.6.
    assert found.brier == pytest.approx(2 * (0.01 + 0.09 + 0.0625 + 0.36) / 4)
    logarithms = map(math.log, (0.9, 0.7, 0.75, 0.4))
    assert found.negative_log_likelihood == pytest.approx(-sum(logarithms) / 4)


def test_the_table_counts_bins_from_the_least_confident() -> None:
    table = calibration_table([system(ITEMS, None), FOUR], bins=4)  # one has no probabilities
    assert table["bin"].tolist() == [0, 1, 2, 3]
    assert table["items"].tolist() == [0, 0, 3, 1]
    empty = table[table["items"] == 0]
    assert empty[["confidence", "accuracy"]].isna().all(axis=None)
