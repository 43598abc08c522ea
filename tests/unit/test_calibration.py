"""Calibration of four clips by hand, and of many against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from mmer.corpus.labels import EMOTIONS
from mmer.evaluation.calibration import calibrate
from mmer.evaluation.predictions import FoldPredictions, System
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.tables import calibration_table

CLIPS = tuple(f"01-01-02-01-{s:02d}-{r:02d}-01" for s in (1, 2) for r in (1, 2))
CALM, SAD = EMOTIONS.index("calm"), EMOTIONS.index("sad")


def between(calm: list[float]) -> np.ndarray:
    """Probabilities of clips that may be calm or sad."""
    probabilities = np.zeros((len(calm), 8))
    probabilities[:, CALM], probabilities[:, SAD] = calm, 1 - np.array(calm)
    return probabilities


def system(clips: tuple[str, ...], probabilities: np.ndarray | None) -> System:
    predicted = np.full(len(clips), CALM) if probabilities is None else probabilities.argmax(axis=1)
    return System("a", "A", "face", "vad", {"s": FoldPredictions(clips, predicted, probabilities)})


# All four are calm.  Confidences 0.9, 0.7, 0.75 (right) and 0.6 (sad, wrong).
FOUR = system(CLIPS, between([0.9, 0.7, 0.75, 0.4]))


def test_bins_by_hand() -> None:
    # Halves of confidence up to 0.75 and above: (0.5, 0.75] holds 0.7, 0.75 and 0.6.
    third, fourth = calibrate(FOUR, bins=4).bins[2:]
    assert (third.clips, fourth.clips) == (3, 1)
    assert third.confidence == pytest.approx(100 * (0.7 + 0.75 + 0.6) / 3)
    assert third.accuracy == pytest.approx(100 * 2 / 3)
    assert (fourth.confidence, fourth.accuracy) == (pytest.approx(90), 100)


def test_an_empty_bin_has_no_confidence() -> None:
    empty = calibrate(FOUR, bins=4).bins[0]
    assert empty.clips == 0 and math.isnan(empty.confidence) and math.isnan(empty.accuracy)


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
    wrong = system(CLIPS[:1], between([0.0]))
    assert calibrate(wrong, bins=4).negative_log_likelihood == pytest.approx(
        -math.log(np.finfo(np.float64).eps)
    )


def test_bins_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    clips = tuple(
        sorted(
            f"01-01-{emotion:02d}-01-{s:02d}-{r:02d}-{actor:02d}"
            for emotion in range(1, 9)
            for s in (1, 2)
            for r in (1, 2)
            for actor in range(1, 25)
        )
    )
    probabilities = rng.dirichlet(np.full(8, 0.2), len(clips))
    many = system(clips, probabilities)
    accuracy, confidence = calibration_curve(
        many.folds["s"].correct, probabilities.max(axis=1), n_bins=10
    )
    filled = [each for each in calibrate(many, bins=10).bins if each.clips]
    assert [each.accuracy for each in filled] == pytest.approx(100 * accuracy)
    assert [each.confidence for each in filled] == pytest.approx(100 * confidence)


def test_a_system_without_probabilities_has_no_calibration() -> None:
    without = system(CLIPS, None)
    assert calibrate(without, bins=4) is None
    assert calibration_table([without], EvaluationSettings()).empty


def test_the_table_counts_bins_from_the_least_confident() -> None:
    table = calibration_table([FOUR], EvaluationSettings(calibration_bins=4))
    assert table["bin"].tolist() == [0, 1, 2, 3]
    assert table["clips"].tolist() == [0, 0, 3, 1]
