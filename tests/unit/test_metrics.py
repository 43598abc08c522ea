"""Metrics on two tiny folds, counted by hand.

Fold one: calm recognised, calm taken for sad, happy recognised, happy recognised -> 3 of 4.
Fold two: calm recognised, sad taken for calm                                    -> 1 of 2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.few_items import EMOTION, fold_of, items_of

from mmer.evaluation import metrics
from mmer.evaluation.best_fusion import best_candidate, best_fusion
from mmer.evaluation.predictions import System
from mmer.evaluation.significance_table import best_per_modality
from mmer.evaluation.tables import accuracies_table, confusion_table, predictions_table
from mmer.fusion.classifiers import Candidate
from mmer.fusion.tables import prediction_rows
from mmer.runtime.errors import UserError

CALM, HAPPY, SAD = 1, 2, 3
ITEMS = items_of(
    {
        "a-1": "calm",
        "a-2": "calm",
        "a-3": "happy",
        "a-4": "happy",
        "b-1": "calm",
        "b-2": "sad",
    }
)
OF_ONE, OF_TWO = ITEMS.names[:4], ITEMS.names[4:]
ONE = fold_of(ITEMS.of(OF_ONE), ["calm", "sad", "happy", "happy"])
TWO = fold_of(ITEMS.of(OF_TWO), ["calm", "calm"])
SYSTEM = System("cnn14-vad", "CNN-14", "speech", "vad", {"one": ONE, "two": TWO})


def test_accuracy_of_each_fold() -> None:
    assert metrics.accuracies(SYSTEM) == {"one": 75.0, "two": 50.0}


def test_the_mean_counts_folds_and_the_pooled_accuracy_counts_items() -> None:
    assert metrics.mean_accuracy(SYSTEM) == 62.5
    assert metrics.pooled_accuracy(SYSTEM) == pytest.approx(100 * 4 / 6)


def test_the_deviation_over_folds_is_that_of_a_sample() -> None:
    # Deviations of 12.5 from 62.5: sqrt((12.5² + 12.5²) / (2 - 1)).
    assert metrics.accuracy_deviation(SYSTEM) == pytest.approx(17.677669529663688)


def test_the_deviation_of_one_fold_is_unknown() -> None:
    assert np.isnan(metrics.accuracy_deviation(System("a", "A", "speech", "vad", {"one": ONE})))


def test_confusion_counts_true_in_rows_and_predicted_in_columns() -> None:
    counts = metrics.confusion(ONE)
    assert counts.sum() == 4
    assert (counts[CALM, CALM], counts[CALM, SAD], counts[HAPPY, HAPPY]) == (1, 1, 2)


def test_the_mean_confusion_rounds_halves_up() -> None:
    # Means: calm-calm (1 + 1) / 2 = 1, happy-happy 2 / 2 = 1; calm-sad and sad-calm 1 / 2 -> 1.
    counts = metrics.mean_confusion(SYSTEM)
    assert counts.sum() == 4
    assert counts[CALM, SAD] == counts[SAD, CALM] == counts[CALM, CALM] == counts[HAPPY, HAPPY] == 1


def test_unweighted_average_recall_leaves_out_classes_without_items() -> None:
    # Recalls: calm 2 of 3, happy 2 of 2, sad 0 of 1.
    expected = 100 * (2 / 3 + 1 + 0) / 3
    assert metrics.unweighted_average_recall(SYSTEM) == pytest.approx(expected)


def test_macro_f1_by_hand() -> None:
    # Calm: 2 right of 3 items and of 3 predictions, F1 2/3.  Happy 1.  Sad 0.
    assert metrics.macro_f1(SYSTEM) == pytest.approx(100 * (2 / 3 + 1 + 0) / 3)


def test_macro_f1_leaves_out_classes_without_items_like_the_average_recall() -> None:
    # Neutral is predicted but has no item: calm 1 of 2 with precision 1, F1 2/3, is all there is.
    fold = fold_of(items_of({"b-1": "calm", "b-3": "calm"}), ["calm", "neutral"])
    assert metrics.macro_f1(System("a", "A", "speech", "vad", {"one": fold})) == pytest.approx(
        200 / 3
    )


def test_an_item_tested_twice_is_refused() -> None:
    with pytest.raises(UserError, match="is tested on some item in two splits"):
        System("a", "A", "speech", "vad", {"one": ONE, "again": ONE})


def test_tables_hold_every_fold_cell_and_item() -> None:
    accuracies = accuracies_table([SYSTEM])
    assert accuracies[["split", "items", "accuracy"]].to_numpy().tolist() == [
        ["one", 4, 75.0],
        ["two", 2, 50.0],
    ]
    confusion = confusion_table([SYSTEM]).set_index(["true", "predicted"])
    assert len(confusion) == 16
    assert confusion.loc[("calm", "calm"), "pooled"] == 2
    first = predictions_table([SYSTEM]).iloc[1].to_dict()
    assert first == {
        "system": "cnn14-vad",
        "item": "a-2",
        "split": "one",
        "true": "calm",
        "predicted": "sad",
    }


def test_a_system_that_was_not_run_has_no_rows_but_its_neighbours_do() -> None:
    absent = System("stn", "STN", "face", "full", {}, not_run="weights missing")
    assert set(accuracies_table([SYSTEM, absent])["system"]) == {"cnn14-vad"}
    assert best_per_modality([absent, SYSTEM]) == [SYSTEM]


def candidate(C: float, one: list[str], two: list[str]) -> pd.DataFrame:
    parts = [
        prediction_rows(EMOTION, Candidate("svm_linear", C), split, names, words, None)
        for split, names, words in (("one", OF_ONE, one), ("two", OF_TWO, two))
    ]
    return pd.concat(parts)


RIGHT_ONE, WRONG_ONE = ["calm", "calm", "happy", "happy"], ["sad"] * 4
RIGHT_TWO, WRONG_TWO = ["calm", "sad"], ["happy"] * 2


def test_the_best_fusion_has_the_highest_mean_over_folds_not_over_items() -> None:
    table = pd.concat(
        [
            # 75 % and 0 %: mean 37.5 over folds, 3 of 6 items.
            candidate(1, ["calm", "calm", "happy", "sad"], WRONG_TWO),
            # 0 % and 100 %: mean 50 over folds, 2 of 6 items.
            candidate(10, WRONG_ONE, RIGHT_TWO),
        ]
    )
    assert best_candidate(table, EMOTION, ITEMS) == ("svm_linear", "C=10")
    system = best_fusion("mixed", "CNN-14 and STN", "mixed", table, EMOTION, ITEMS)
    assert system.title == "CNN-14 and STN (svm_linear C=10)"
    assert metrics.accuracies(system) == {"one": 0.0, "two": 100.0}


def test_of_equal_fusions_the_first_of_the_grid_is_taken() -> None:
    table = pd.concat(
        [
            candidate(1000, RIGHT_ONE, WRONG_TWO),
            candidate(1, WRONG_ONE, RIGHT_TWO),
        ]
    )
    assert best_candidate(table, EMOTION, ITEMS) == ("svm_linear", "C=1000")


def test_a_candidate_without_one_split_is_refused() -> None:
    table = pd.concat(
        [
            candidate(1, RIGHT_ONE, RIGHT_TWO),
            candidate(10, RIGHT_ONE, RIGHT_TWO).query("split == 'one'"),
        ]
    )
    with pytest.raises(UserError, match="C=10 lacks a split"):
        best_candidate(table, EMOTION, ITEMS)
