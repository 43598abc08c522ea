"""Fitted classifiers kept as arrays say what scikit-learn's own objects say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmer.fusion.classifiers import candidates
from mmer.fusion.grid import fuse
from mmer.fusion.kept import fused_by, kept_fusion
from mmer.fusion.settings import FusionClassifiers, FusionSettings, InputsSettings
from mmer.items import items_table
from mmer.kept_classifiers import check_kept, linear_decisions, machine_decisions, scaled_by
from mmer.models.logistic_regression import LogisticRegressionSettings
from mmer.models.networks import logistic_regression, support_vector
from mmer.models.networks.kept_classifiers import arrays_of
from mmer.models.support_vector import SupportVectorSettings
from mmer.predictions import posteriors_of
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

COLUMNS = 5


def rows(count: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of several scales, and labels that they partly tell."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    values = random.normal(size=(count, COLUMNS)) * [1, 10, 0.1, 5, 1] + 3
    values[np.arange(count), labels % COLUMNS] += 2
    return values, labels


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", "l2"])
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_a_machine_decides_as_the_library_does(classes, scaling, kernel):
    settings = SupportVectorSettings(kernel=kernel, C=1.0, scaling=scaling)
    values, labels = rows(80, classes, seed=1)
    fitted = support_vector.classifier_of(settings).fit(values, labels)
    kept, others = arrays_of(fitted, values), rows(40, classes, seed=2)[0]
    check_kept(kept, COLUMNS, classes, "a machine")
    decisions, predicted = machine_decisions(kept, scaled_by(kept, others))
    expected = support_vector.decision_values(fitted, others, break_ties=True)
    np.testing.assert_allclose(decisions, expected, atol=1e-10)
    np.testing.assert_array_equal(predicted, fitted[-1].predict(fitted[:-1].transform(others)))


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_a_regression_decides_as_the_library_does(classes):
    values, labels = rows(80, classes, seed=1)
    fitted = logistic_regression.classifier_of(LogisticRegressionSettings()).fit(values, labels)
    kept, others = arrays_of(fitted, values), rows(40, classes, seed=2)[0]
    check_kept(kept, COLUMNS, classes, "a regression")
    decisions = linear_decisions(kept, scaled_by(kept, others))
    np.testing.assert_array_equal(decisions.argmax(axis=1), fitted.predict(others))


TASK = Classes(names=("a", "b", "c"), column="letter")
CLASSIFIERS = FusionClassifiers(
    logistic_regression={"C": [1]}, svm_linear={"C": [1]}, svm_rbf={"C": [1]}, knn={"k": [3]}
)
SETTINGS = FusionSettings(classifiers=CLASSIFIERS)
FED = InputsSettings(
    scaling="minmax", by_system={"face/full": {"values": "log_probability", "scaling": "standard"}}
)


@pytest.mark.parametrize("candidate", candidates(SETTINGS), ids=lambda each: each.classifier)
def test_a_fusion_says_what_the_run_said(candidate):
    random = np.random.default_rng(3)
    letters = [TASK.names[row % 3] for row in range(60)]
    table = [
        {"item": f"{row:03d}", "speaker": "s", "letter": each} for row, each in enumerate(letters)
    ]
    part = np.where(np.arange(60) < 45, "train", "test")
    systems = {
        name: posteriors_of(TASK, items_table(table, ["letter"]), part, random.normal(size=(60, 3)))
        for name in ("voice/full", "face/full")
    }
    of_split = {name: {"fold0": each} for name, each in systems.items()}
    fused = fuse(of_split, TASK, FED, SETTINGS)
    chosen = (candidate.classifier, candidate.hyperparameter)
    kept = kept_fusion("fold0", systems, FED, SETTINGS, chosen)
    check_kept(kept, 6, 3, "a fusion")
    tested = {name: replace(each.only("test")) for name, each in systems.items()}
    predicted, probabilities = fused_by(kept, tested, FED, 3)
    expected = fused[(fused["classifier"] == chosen[0])].sort_values("item")
    assert [TASK.names[label] for label in predicted] == list(expected["predicted"])
    if probabilities is not None:
        columns = expected[TASK.probability_columns]
        np.testing.assert_allclose(probabilities, columns, atol=1e-12)


def kept_machine() -> dict[str, np.ndarray]:
    """A good one."""
    values, labels = rows(40, 3, seed=1)
    settings = SupportVectorSettings(C=1.0)
    return arrays_of(support_vector.classifier_of(settings).fit(values, labels), values)


WRONG = {
    "a missing array": lambda kept: kept.pop("duals"),
    "an array more": lambda kept: kept.update(more=np.ones(1)),
    "a value that is not finite": lambda kept: kept["support"].__setitem__((0, 0), np.nan),
    "columns that differ": lambda kept: kept.update(factor=np.ones(COLUMNS + 1)),
    "vectors that no class has": lambda kept: kept["of_class"].__setitem__(0, 99),
    "a class that the task does not have": lambda kept: kept["classes"].__setitem__(2, 7),
    "another type": lambda kept: kept.update(duals=kept["duals"].astype(np.float32)),
    "a kernel of negative width": lambda kept: kept.update(gamma=-np.ones(1)),
}


@pytest.mark.parametrize("damage", WRONG.values(), ids=WRONG)
def test_what_is_no_classifier_is_refused(damage):
    kept = {name: array.copy() for name, array in kept_machine().items()}
    check_kept(kept, COLUMNS, 3, "a machine")
    damage(kept)
    with pytest.raises(UserError, match="is no classifier of this task"):
        check_kept(kept, COLUMNS, 3, "a machine")
