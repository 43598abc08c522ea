"""Posteriors tables: the border where other people's models may enter."""

import numpy as np
import pandas as pd
import pytest

from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.posteriors import Posteriors, read_posteriors, write_posteriors

CLIPS = ("01-01-03-01-01-01-02", "01-01-05-01-01-01-01", "01-01-08-01-01-01-01")


@pytest.fixture
def posteriors():
    probabilities = np.full((3, 8), 0.1)
    probabilities[[0, 1, 2], [2, 4, 0]] = 0.3
    return Posteriors(CLIPS, np.array(["heldout", "train", "train"]), probabilities, None)


@pytest.fixture
def table(tmp_path, posteriors):
    write_posteriors(tmp_path / "posteriors.csv", posteriors)
    return pd.read_csv(tmp_path / "posteriors.csv")


def test_labels_come_from_names_and_predictions_from_probabilities(posteriors):
    assert posteriors.labels.tolist() == [2, 4, 7]
    assert posteriors.predicted.tolist() == [2, 4, 0]


def test_what_is_written_is_read_back_exactly(tmp_path, posteriors):
    logits = np.random.default_rng(0).normal(size=(3, 8))
    exact = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    write_posteriors(tmp_path / "p.csv", Posteriors(CLIPS, posteriors.part, exact, logits))
    back = read_posteriors(tmp_path / "p.csv")
    assert back.clips == CLIPS
    assert (back.probabilities == exact).all()
    assert (back.logits == logits).all()


def test_one_part_is_picked(posteriors):
    assert posteriors.only("train").clips == CLIPS[1:]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda t: t.drop(columns="p_calm"), "lacks the columns p_calm"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "twice"),
        (lambda t: t.assign(p_calm=[0.1, np.nan, 0.1]), "p_calm of .* not a finite number"),
        (lambda t: t.assign(p_calm=["0.1", "much", "0.1"]), "not a finite number"),
        (lambda t: t.assign(p_calm=0.9), "not a distribution"),
        (lambda t: t.assign(p_calm=-0.1, p_sad=0.3), "not a distribution"),
        (lambda t: t.assign(part="test"), "train and heldout"),
        (lambda t: t.assign(part=["heldout", "train", "heldout"]), "actor 1 is in both parts"),
        (lambda t: t.assign(clip=["a", *CLIPS[1:]]), "seven two-digit"),
    ],
)
def test_a_spoilt_table_is_refused_with_its_reason(tmp_path, table, spoil, reason):
    spoil(table).to_csv(tmp_path / "spoilt.csv", index=False)
    with pytest.raises(UserError, match=reason):
        read_posteriors(tmp_path / "spoilt.csv")


def test_columns_stand_in_ravdess_order(table):
    assert list(table)[2:] == [f"p_{emotion}" for emotion in EMOTIONS]
