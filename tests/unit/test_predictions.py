"""Predictions tables of both tasks: the border where other people's models may enter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.items import items_table
from mmer.predictions import (
    Posteriors,
    TracePredictions,
    posteriors_of,
    read_predictions,
    write_predictions,
)
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces

MOOD = Classes(names=("calm", "happy", "sad"), column="mood")
AFFECT = Traces(names=("arousal", "valence"), rate=25)
ITEMS = items_table(
    [
        {"item": "a1", "speaker": "ada", "mood": "happy"},
        {"item": "a2", "speaker": "ada", "mood": "sad"},
        {"item": "b1", "speaker": "bea", "mood": "sad"},
        {"item": "c1", "speaker": "cid", "mood": ""},
    ],
    ["mood"],
)
THREE = ITEMS.of(["a1", "a2", "b1"])
PART = np.array(["train", "train", "test"])
POSTERIORS = Posteriors(
    MOOD, THREE, PART, np.array([[0.1, 0.8, 0.1], [0.6, 0.2, 0.2], [0.2, 0.2, 0.6]]), None
)
TRACES = TracePredictions(
    AFFECT,
    THREE,
    PART,
    Ragged.join(THREE.names, [np.full((n, 2), 0.1) * np.arange(n)[:, None] for n in (2, 1, 3)], 25),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fold0.csv"


def test_the_softmax_by_hand() -> None:
    logits = np.array([[np.log(2), 0, 0], [1000.0, 1000, 1000], [0, 0, np.log(6)]])
    found = posteriors_of(MOOD, THREE, PART, logits).probabilities
    expected = np.array([[2, 1, 1], [4 / 3] * 3, [0.5, 0.5, 3]]) / 4
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("predictions", "task"), [(POSTERIORS, MOOD), (TRACES, AFFECT)])
def test_rows_are_sorted_whatever_their_order_in_the_file(path: Path, predictions, task) -> None:
    write_predictions(path, predictions)
    pd.read_csv(path, dtype=str).iloc[::-1].to_csv(path, index=False)
    back = read_predictions(path, task, ITEMS)
    assert back.names == THREE.names and back.part.tolist() == PART.tolist()
    if task is AFFECT:
        assert (back.traces.values == TRACES.traces.values).all()
        assert back.traces.offsets.tolist() == [0, 2, 3, 6] and back.traces.rate == 25
    else:
        assert back.labels.tolist() == [1, 2, 2] and back.predicted.tolist() == [1, 0, 2]


def test_one_part_is_picked() -> None:
    assert POSTERIORS.only("train").names == ("a1", "a2")
    assert POSTERIORS.only("test").probabilities.tolist() == [[0.2, 0.2, 0.6]]
    tested = TRACES.only("test")
    assert tested.names == tested.traces.items == ("b1",)
    assert (tested.traces.values == TRACES.traces.of(2)).all()
    assert TRACES.only("choose").names == ()


OF_POSTERIORS = [
    (lambda t: t.drop(columns="p_calm"), "lacks the columns p_calm"),
    (lambda t: t.assign(p_bored=0), "'p_bored', which is not known"),
    (lambda t: pd.concat([t, t.iloc[:1]]), "item 'a1' twice"),
    (lambda t: t.assign(p_calm=[0.1, np.nan, 0.1]), "p_calm of 'a2' is not a finite number"),
    (lambda t: t.assign(p_calm=["0.1", "much", "0.1"]), "not a finite number"),
    (lambda t: t.assign(p_calm=0.9), "not a distribution"),
    (lambda t: t.assign(p_calm=-0.1, p_sad=0.3, p_happy=0.8), "not a distribution"),
    (lambda t: t.assign(part="heldout"), "may only hold train, choose, test"),
    (lambda t: t.assign(part=["test", "train", "test"]), "speaker ada is trained on and"),
    (lambda t: t.assign(part=["choose", "train", "test"]), "speaker ada is trained on and"),
    (lambda t: t.assign(item=["z", "a2", "b1"]), "item 'z' is not in the corpus"),
    (lambda t: t.assign(logit_calm=0.0), "has logits, but lacks logit_happy, logit_sad"),
    (lambda t: t.iloc[:0], "titles only"),
]
OF_TRACES = [
    (lambda t: t.drop(columns="valence"), "lacks the columns valence"),
    (lambda t: t.drop(index=3), "the steps of 'b1' are not 0, 1, 2"),
    (lambda t: t.drop(index=4), "the steps of 'b1' are not 0, 1, 2"),
    (lambda t: pd.concat([t, t.iloc[:1]]), "the steps of 'a1' are not 0, 1, 2"),
    (lambda t: t.assign(step=[0, 1.5, 0, 0, 1, 2]), "the steps of 'a1'"),
    (lambda t: t.assign(arousal=[0, 0, np.inf, 0, 0, 0]), "arousal of 'a2' is not a finite"),
    (lambda t: t.assign(part=[*["train"] * 3, "test", "test", "choose"]), "in several parts"),
    (lambda t: t.assign(part=[*["train"] * 2, *["test"] * 4]), "speaker ada is trained on"),
    (lambda t: t.replace("b1", "z"), "item 'z' is not in the corpus"),
]


@pytest.mark.parametrize(
    ("good", "spoil", "reason"),
    [(POSTERIORS, *case) for case in OF_POSTERIORS] + [(TRACES, *case) for case in OF_TRACES],
)
def test_a_spoilt_table_is_refused_with_the_reason(path: Path, good, spoil, reason: str) -> None:
    write_predictions(path, good)
    spoil(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(UserError, match=reason):
        read_predictions(path, good.task, ITEMS)
