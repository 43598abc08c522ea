"""Logistic regression of embeddings: its logits give scikit-learn's own probabilities."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Regression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.embedded_letters import FIRST, SPLIT, TASK, by_hand, embeddings, some, table

from mmer.embeddings import write_embeddings
from mmer.items import write_items
from mmer.models.base import ModelJob
from mmer.models.logistic_regression import LogisticRegression, LogisticRegressionSettings
from mmer.models.networks.logistic_regression import classify_split
from mmer.predictions import read_predictions
from mmer.runtime.errors import UserError
from mmer.tasks import Classes


def classify(data, task=TASK, **settings):
    given = LogisticRegressionSettings(**settings)
    return classify_split(data, table(data), SPLIT, task, given)


@pytest.mark.parametrize("weight", ["none", "balanced"])
def test_values_are_scaled_by_the_training_rows_and_classified(weight):
    data = embeddings(spread=3.0, fewer_of_first=2)
    data.values[:30] *= 3  # the tested speaker, louder than any other
    values, labels, tested, _ = by_hand(data)
    own = Regression(C=0.1, max_iter=1000, class_weight=None if weight == "none" else weight)
    own = make_pipeline(StandardScaler(), own).fit(values, labels)
    found = classify(data, class_weight=weight).only("test")
    np.testing.assert_allclose(found.logits, own.decision_function(tested), atol=1e-6)
    np.testing.assert_allclose(found.probabilities, own.predict_proba(tested), atol=1e-6)


def test_a_smaller_c_is_less_sure():
    unsure, sure = (
        classify(embeddings(), C=c).probabilities.max(axis=1).mean() for c in (1e-3, 10.0)
    )
    assert 1 / 8 < unsure < 0.3 and sure > 2 * unsure


def test_the_more_frequent_classes_are_said_more_often_unless_balanced():
    data = embeddings(spread=30.0, fewer_of_first=2)  # the letters can hardly be told apart
    of_first = {
        weight: classify(data, C=1e-4, class_weight=weight).probabilities[:, FIRST].mean()
        for weight in ("none", "balanced")
    }
    assert of_first["none"] == pytest.approx(6 / 90, abs=0.01)
    assert of_first["balanced"] == pytest.approx(1 / 8, abs=0.01)


def test_of_two_classes_logits_give_the_regressions_own_probabilities():
    data = embeddings(spread=6.0)
    data = some(data, [row for row, name in enumerate(data.items) if name[1] in "ab"])
    values, labels, tested, _ = by_hand(data)
    own = make_pipeline(StandardScaler(), Regression(C=0.1)).fit(values, labels)
    found = classify(data, Classes(names=("a", "b"), column="letter")).only("test")
    np.testing.assert_allclose(found.probabilities, own.predict_proba(tested), atol=1e-6)


def test_a_class_without_a_training_item_is_told():
    data = embeddings()
    without_b = some(data, [row for row, name in enumerate(data.items) if name[1] != "b"])
    with pytest.raises(UserError, match="no training item of the letter b"):
        classify(without_b)


def test_the_step_writes_a_table_of_the_split(tmp_path):
    data = embeddings()
    write_embeddings(tmp_path / "embeddings.npz", data)
    write_items(tmp_path / "items.csv", table(data))
    LogisticRegression().run(
        ModelJob(
            family="logistic_regression",
            step="classify",
            model="mine",
            options={"settings": {"C": 1.0}},
            task=TASK,
            splits={SPLIT.name: SPLIT},
            inputs={
                "items": (tmp_path / "items.csv",),
                "embeddings": (tmp_path / "embeddings.npz",),
            },
            outputs={"predictions": {SPLIT.name: tmp_path / "fold0.csv"}},
        )
    )
    written = read_predictions(tmp_path / "fold0.csv", TASK, table(data))
    np.testing.assert_array_equal(written.logits, classify(data, C=1.0).logits)
