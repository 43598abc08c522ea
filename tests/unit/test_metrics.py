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
from mmer.evaluation.best_fusion import best_fusion
from mmer.evaluation.job import FusionRequest
from mmer.evaluation.predictions import System, correctness
from mmer.evaluation.tables import accuracies_table, confusion_table, predictions_table
from mmer.fusion.classifiers import Candidate
from mmer.fusion.tables import best_candidate, prediction_rows
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


def test_accuracies_by_hand() -> None:
    assert metrics.accuracies(SYSTEM) == {"one": 75.0, "two": 50.0}
    # The mean counts folds, the pooled accuracy items.
    assert metrics.mean_accuracy(SYSTEM) == 62.5
    assert metrics.pooled_accuracy(SYSTEM) == pytest.approx(100 * 4 / 6)
    # Deviations of 12.5 from 62.5, of a sample: sqrt((12.5² + 12.5²) / (2 - 1)).
    assert metrics.accuracy_deviation(SYSTEM) == pytest.approx(17.677669529663688)
    assert np.isnan(metrics.accuracy_deviation(System("a", "A", "speech", "vad", {"one": ONE})))


def test_confusion_counts_true_in_rows_and_its_mean_rounds_halves_up() -> None:
    counts, mean = metrics.pooled_confusion(SYSTEM), metrics.mean_confusion(SYSTEM)
    pairs = [(CALM, CALM), (CALM, SAD), (HAPPY, HAPPY), (SAD, CALM)]
    assert [counts[pair] for pair in pairs] == [2, 1, 2, 1] and counts.sum() == 6
    one = metrics.pooled_confusion(System("a", "A", "speech", "vad", {"one": ONE}))
    assert (one[CALM, SAD], one[SAD, CALM]) == (1, 0)
    # Means of the two folds: 1, 1 / 2, 1 and 1 / 2.
    assert [mean[pair] for pair in pairs] == [1, 1, 1, 1] and mean.sum() == 4


def test_recall_and_f1_by_hand() -> None:
    # Recalls and F1: calm 2 of 3 items and of 3 predictions, happy 2 of 2, sad 0 of 1.
    assert metrics.unweighted_average_recall(SYSTEM) == pytest.approx(100 * (2 / 3 + 1 + 0) / 3)
    assert metrics.macro_f1(SYSTEM) == pytest.approx(100 * (2 / 3 + 1 + 0) / 3)
    # Neutral is predicted but has no item: calm, recall 1/2 and precision 1, is all there is.
    fold = fold_of(items_of({"b-1": "calm", "b-3": "calm"}), ["calm", "neutral"])
    system = System("a", "A", "speech", "vad", {"one": fold})
    assert metrics.unweighted_average_recall(system) == 50
    assert metrics.macro_f1(system) == pytest.approx(200 / 3)


def test_items_of_systems_lie_side_by_side_sorted_whatever_the_order_of_folds() -> None:
    turned = System("b", "B", "speech", "vad", {"two": TWO, "one": ONE})
    assert correctness([SYSTEM, turned]).T.tolist() == [[1, 0, 1, 1, 1, 0]] * 2


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


def candidate(C: float, one: list[str], two: list[str]) -> pd.DataFrame:
    parts = [
        prediction_rows(EMOTION, Candidate("svm_linear", "C", C), split, names, words, None)
        for split, names, words in (("one", OF_ONE, one), ("two", OF_TWO, two))
    ]
    return pd.concat(parts)


REQUEST = FusionRequest(
    name="mixed/minmax",
    title="CNN-14 and STN",
    variant="mixed",
    fed="minmax",
    predictions="fused.csv",
)
RIGHT_ONE, WRONG_ONE = ["calm", "calm", "happy", "happy"], ["sad"] * 4
RIGHT_TWO, WRONG_TWO = ["calm", "sad"], ["happy"] * 2


def test_the_best_fusion_has_the_highest_mean_over_folds_and_not_over_items() -> None:
    table = pd.concat(
        [
            # 100 % and 0 %: mean 50 over folds, 4 of 6 items.
            candidate(1, RIGHT_ONE, WRONG_TWO),
            # 75 % and 50 %: mean 62.5 over folds, 4 of 6 items too.
            candidate(10, ["calm", "calm", "happy", "sad"], ["calm", "calm"]),
        ]
    )
    assert best_candidate(table, EMOTION, ITEMS) == ("svm_linear", "C=10")
    system = best_fusion(REQUEST, table, EMOTION, ITEMS)
    assert system.title == "CNN-14 and STN (svm_linear C=10)"
    assert (system.name, system.variant, system.fed) == ("mixed/minmax", "mixed", "minmax")
    assert metrics.accuracies(system) == {"one": 75.0, "two": 50.0}


def test_of_equal_fusions_the_first_is_taken_and_each_needs_every_split() -> None:
    first, second = candidate(1000, RIGHT_ONE, WRONG_TWO), candidate(1, WRONG_ONE, RIGHT_TWO)
    table = pd.concat([first, second])
    assert best_candidate(table, EMOTION, ITEMS) == ("svm_linear", "C=1000")
    with pytest.raises(UserError, match="C=1 lacks a split"):
        best_candidate(pd.concat([first, second.query("split == 'one'")]), EMOTION, ITEMS)
