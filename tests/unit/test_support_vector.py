"""Support vector classification: what it predicts, what its posteriors say, what decides at C."""

import logging

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC
from tests.embedded_letters import FIRST, SPLIT, TASK, by_hand, embeddings, some, table

from mmer.embeddings import Embeddings, write_embeddings
from mmer.items import write_items
from mmer.models.base import ModelJob
from mmer.models.networks.support_vector import KernelToTraining, classify_split, outvoted
from mmer.models.support_vector import SupportVector, SupportVectorSettings
from mmer.predictions import Posteriors, read_predictions
from mmer.protocol import Split
from mmer.runtime.errors import UserError
from mmer.tasks import Classes


def classify(data: Embeddings, split: Split = SPLIT, **settings) -> Posteriors:
    return classify_split(data, table(data), split, TASK, SupportVectorSettings(**settings))


@pytest.mark.parametrize("ties", [False, True], ids=["ties to the first", "ties to the clearest"])
@pytest.mark.parametrize("c", [0.001, 1.0])
def test_the_most_probable_class_is_the_classifiers_own_prediction(ties, c):
    data = embeddings(spread=6.0)
    values, labels, tested, _ = by_hand(data)
    own = SVC(C=c, break_ties=ties).fit(values, labels).predict(tested)
    posteriors = classify(data, C=c, break_ties=ties)
    assert posteriors.only("test").predicted.tolist() == own.tolist()
    exponentials = np.exp(posteriors.logits)
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(posteriors.probabilities, expected)


def test_both_ways_with_ties_differ_only_where_duels_are_even():
    data = embeddings(spread=6.0)
    first, clearest = (classify(data, break_ties=ties) for ties in (False, True))
    differing = np.flatnonzero(first.predicted != clearest.predicted)
    assert differing.size  # else this test shows nothing
    for row in differing:
        values = clearest.logits[row]
        ours, theirs = values[clearest.predicted[row]], values[first.predicted[row]]
        assert round(ours) == round(theirs)  # equally many duels won
        assert first.predicted[row] < clearest.predicted[row]
        assert sorted(first.logits[row]) == sorted(values)


@pytest.mark.parametrize(
    ("scaling", "scaler"),
    [("standard", StandardScaler), ("minmax", MinMaxScaler), ("l2", Normalizer)],
)
def test_scaling_is_fitted_on_the_training_rows_only(scaling, scaler):
    data = embeddings(spread=2.0)
    data.values[:32] *= 3  # the tested speaker, louder than any other
    values, labels, tested, _ = by_hand(data)
    own = make_pipeline(scaler(), SVC(C=1.0, break_ties=True)).fit(values, labels)
    posteriors = classify(data, C=1.0, scaling=scaling, break_ties=True).only("test")
    np.testing.assert_allclose(posteriors.logits, own.decision_function(tested))


def test_other_speakers_and_the_order_of_items_do_not_matter():
    data = embeddings()
    split = Split(name="fold0", train=("1", "2"), choose=("4",), test=("4",))
    less = [row for row, name in enumerate(data.items) if name[0] != "3"][::-1]
    ours, other = (classify(each, split, C=1) for each in (data, some(data, less)))
    assert ours.names == other.names
    np.testing.assert_array_equal(ours.logits, other.logits)


def test_of_two_classes_the_more_probable_is_the_classifiers_own_prediction():
    data = embeddings(spread=6.0)
    data = some(data, [row for row, name in enumerate(data.items) if name[1] in "ab"])
    values, labels, tested, _ = by_hand(data)
    own = SVC(C=1.0).fit(values, labels)
    task = Classes(names=("a", "b"), column="letter")
    posteriors = classify_split(data, table(data), SPLIT, task, SupportVectorSettings(C=1.0))
    chosen = posteriors.only("test")
    assert chosen.predicted.tolist() == own.predict(tested).tolist()
    np.testing.assert_allclose(chosen.logits[:, 1], own.decision_function(tested), atol=1e-6)


# What the paper's C of 0.001 does


def test_with_tiny_c_a_smaller_class_is_never_predicted_and_the_log_says_so(caplog):
    data = embeddings(fewer_of_first=2, spread=0.1)  # nothing is easier to tell apart
    with caplog.at_level(logging.WARNING):
        posteriors = classify(data)
    assert FIRST not in posteriors.predicted
    assert "the letter a, with 6 training items, loses" in caplog.text
    assert (classify(data, C=10).predicted == posteriors.labels).all()


def test_balanced_weights_mend_it_where_counts_are_multiples(caplog):
    data = embeddings(fewer_of_first=2, spread=0.1)
    with caplog.at_level(logging.WARNING):
        posteriors = classify(data, class_weight="balanced")
    assert (posteriors.predicted == posteriors.labels).all()
    assert not caplog.text
    with caplog.at_level(logging.WARNING):
        classify(embeddings(fewer_of_first=1), class_weight="balanced")  # 9 against 12
    assert "rounding errors of the balanced weights" in caplog.text


def test_classes_are_outvoted_below_one_over_twice_their_items():
    assert outvoted(np.array([76, 152, 152]), 0.001) == [0]
    assert outvoted(np.array([151, 152, 152]), 0.001) == [0]
    assert outvoted(np.array([152, 152, 152]), 0.001) == []
    assert outvoted(np.array([76, 152, 152]), 0.01) == []


def test_missing_classes_and_speakers_are_told():
    data = embeddings()
    without_b = some(data, [row for row, name in enumerate(data.items) if name[1] != "b"])
    with pytest.raises(UserError, match="no training item of the letter b"):
        classify(without_b)
    with pytest.raises(UserError, match="needs speaker 9"):
        classify(data, Split(name="a", train=("1", "9"), choose=("4",), test=("4",)))


def test_the_step_writes_a_table_per_split(tmp_path):
    data = embeddings()
    write_embeddings(tmp_path / "embeddings.npz", data)
    write_items(tmp_path / "items.csv", table(data))
    other = Split(name="fold1", train=("2", "3", "4"), choose=("1",), test=("1",))
    splits = {split.name: split for split in (SPLIT, other)}
    SupportVector().run(
        ModelJob(
            family="support_vector",
            step="classify",
            model="mine",
            options={"settings": {}},
            task=TASK,
            splits=splits,
            inputs={
                "items": (tmp_path / "items.csv",),
                "embeddings": (tmp_path / "embeddings.npz",),
            },
            outputs={"predictions": {name: tmp_path / f"{name}.csv" for name in splits}},
        )
    )
    for name, split in splits.items():
        written = read_predictions(tmp_path / f"{name}.csv", TASK, table(data))
        ours = classify(data, split)
        assert written.names == ours.names
        np.testing.assert_array_equal(written.logits, ours.logits)


@pytest.mark.parametrize(
    ("kernel", "gamma"), [("rbf", "scale"), ("rbf", "auto"), ("rbf", 0.3), ("linear", "scale")]
)
def test_the_kernel_made_at_once_gives_the_classifiers_own_decision_values(kernel, gamma):
    random = np.random.default_rng(5)
    values, tested = random.normal(size=(40, 6)), random.normal(size=(7, 6))
    labels = np.arange(40) % 8
    own = SVC(kernel=kernel, gamma=gamma, C=0.7).fit(values, labels)
    ours = make_pipeline(KernelToTraining(kernel, gamma), SVC(kernel="precomputed", C=0.7))
    found = ours.fit(values, labels).decision_function(tested)
    np.testing.assert_allclose(found, own.decision_function(tested), rtol=0, atol=1e-3)
    assert KernelToTraining("rbf", "scale").fit(np.ones((3, 4))).gamma_ == 1.0  # all rows alike
