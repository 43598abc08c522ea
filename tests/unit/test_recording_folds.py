"""By recording, the warning: folds of recordings with every speaker on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from mmer.by_recording import read_apart, recordings_out
from mmer.items import Items, items_table
from mmer.predictions import Posteriors, write_predictions
from mmer.recording_folds import divided
from mmer.report.corpus_label import headed
from mmer.report.words import PROTOCOLS
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

TASK = Classes(names=("low", "high"), column="pitch")
ITEMS = items_table(
    [
        {"item": f"{who}{n}", "speaker": who, "pitch": TASK.names[n % 2] if n < 10 else ""}
        for who in "ab"
        for n in range(11)
    ],
    ["pitch"],
)


def test_every_fold_has_its_share_of_each_class_and_every_speaker_is_on_both_sides():
    items = divided(ITEMS, TASK, folds=5, seed=1)
    table = items.table[items.table["recording_fold"] != ""]
    counts = table.groupby(["recording_fold", "pitch"]).size()
    assert counts.to_dict() == {(str(n), name): 2 for n in range(5) for name in TASK.names}
    for name, split in recordings_out(5).items():
        part = split.parts_of(items)
        heard, tested = (set(items.speakers[part == each]) for each in ("train", "test"))
        assert tested and tested <= heard == {"a", "b"}, name
    # An item without a class is in no fold and no part.
    assert set(items.names) - set(table["item"]) == {"a10", "b10"}


def test_the_folds_depend_on_the_seed_and_not_on_the_order_of_the_table():
    turned = Items(ITEMS.table[::-1].reset_index(drop=True))
    first = divided(ITEMS, TASK, 5, seed=1).table
    assert divided(turned, TASK, 5, seed=1).table.equals(first)
    assert not divided(ITEMS, TASK, 5, seed=2).table.equals(first)


def test_a_class_that_is_rarer_than_the_folds_is_named():
    few = ITEMS.of(["a0", "a1", "a2", "a3", "a5"])
    with pytest.raises(UserError, match="low has 2 recordings, too few for 3 folds"):
        divided(few, TASK, 3, seed=1)


def test_only_a_divided_table_lets_a_speaker_train_and_be_tested(tmp_path):
    items = divided(ITEMS, TASK, 5, seed=1)
    part = recordings_out(5)["recordings3"].parts_of(items)
    used = items.where(part != "")
    even = np.full((len(used), 2), 0.5)
    path = tmp_path / "recordings3.csv"
    write_predictions(path, Posteriors(TASK, used, part[part != ""], even, None))
    assert set(read_apart(path, TASK, items).only("test").items.speakers) == {"a", "b"}
    with pytest.raises(UserError, match="speaker a is trained on and tested on"):
        read_apart(path, TASK, ITEMS)


def test_a_recording_that_is_trained_on_in_the_fold_tested_is_refused(tmp_path):
    items = divided(ITEMS, TASK, 5, seed=1)
    part = recordings_out(5)["recordings3"].parts_of(items)
    used, part = items.where(part != ""), part[part != ""]
    part[np.flatnonzero(part == "test")[0]] = "train"
    path = tmp_path / "leak.csv"
    write_predictions(path, Posteriors(TASK, used, part, np.full((len(used), 2), 0.5), None))
    with pytest.raises(UserError, match="speaker of 3 is trained on and tested on"):
        read_apart(path, TASK, items)


@pytest.mark.parametrize("corpus", ["voices", "a synthetic corpus"])
def test_the_warning_is_in_every_title(corpus):
    label = f"{corpus}, {PROTOCOLS['by_recording']}"
    assert "BY RECORDING: whoever is tested is heard in training too" in headed("Systems", label)
