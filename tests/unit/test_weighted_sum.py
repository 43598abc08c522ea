"""Fusion by a weighted sum of probabilities, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.few_items import EMOTION, items_of

from mmer.fusion.classifiers import candidates
from mmer.fusion.grid import fuse
from mmer.fusion.nested import fuse_nested
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import best_candidate
from mmer.fusion.weighted_sum import WeightedSum, shares
from mmer.predictions import Posteriors

LEARNED = {name: {"C": []} for name in ("logistic_regression", "svm_linear", "svm_rbf")}
LEARNED["knn"] = {"k": []}


def by_weights(parts: int, chosen_on: str) -> FusionSettings:
    """Nothing but weighted sums."""
    classifiers = {**LEARNED, "weighted_sum": {"parts": [parts]}}
    return FusionSettings(classifiers=classifiers, weights_chosen_on=chosen_on)


def test_all_weight_is_shared_in_every_way_the_most_even_first():
    assert shares(2, 2) == [(0.5, 0.5), (1, 0), (0, 1)]
    assert shares(2, 3) == [
        (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5), (1, 0, 0), (0, 1, 0), (0, 0, 1),
    ]  # fmt: skip
    assert len(shares(10, 3)) == 66 and all(sum(w) == pytest.approx(1) for w in shares(10, 3))


def test_a_sum_is_what_the_weights_say():
    said = np.array([[[0.6, 0.4], [0.1, 0.9]]])  # one item, two systems
    chosen = WeightedSum([(0.8, 0.2)]).fit(said, np.array([1]))
    assert chosen.predict_proba(said) == pytest.approx(np.array([[0.5, 0.5]]))
    assert WeightedSum([(0.7, 0.3)]).fit(said, np.array([0])).predict(said).tolist() == [1]


def test_weights_are_those_that_are_most_often_right():
    said = np.array([[[0.6, 0.4], [0.1, 0.9]], [[0.2, 0.8], [0.6, 0.4]]])
    # 0.1 and 0.9 of the items' sums: the first item needs over 0.8 of the first system.
    assert WeightedSum(10).fit(said, np.array([0, 1])).weights.tolist() == [0.9, 0.1]
    assert WeightedSum(10).fit(said, np.array([1, 1])).weights.tolist() == [0.5, 0.5]


ITEMS = items_of({f"{who}-{n}": EMOTION.names[n % 2] for who in ("ann", "bob") for n in range(4)})
TRUE = EMOTION.labels(ITEMS)


def sure(right_for: str, tested: str = "bob") -> Posteriors:
    """A system that is right for one speaker, and says the other class for the other."""
    part = np.where(ITEMS.speakers == tested, "test", "train")
    labels = np.where(ITEMS.speakers == right_for, TRUE, 1 - TRUE)
    probabilities = 0.7 * np.eye(4)[labels] + 0.075
    return Posteriors(EMOTION, ITEMS, part, probabilities, None)


SYSTEMS = {
    "knows_training": {"fold0": sure("ann")},
    "knows_tested": {"fold0": sure("bob")},
}


def test_every_cell_is_a_candidate_chosen_as_others_are():
    settings = by_weights(4, "held_out")
    tried = [each.hyperparameter for each in candidates(settings)]
    assert tried == ["w=0.5+0.5", "w=0.75+0.25", "w=0.25+0.75", "w=1+0", "w=0+1"]
    fused = fuse(SYSTEMS, EMOTION, InputsSettings(), settings)
    assert best_candidate(fused, EMOTION, ITEMS) == ("weighted_sum", "w=0.25+0.75")
    rows = fused[fused["hyperparameter"] == "w=0.25+0.75"]
    assert rows[EMOTION.probability_columns].sum(axis=1).to_numpy() == pytest.approx(1)


def test_weights_chosen_on_training_rows_trust_who_knows_these():
    settings = by_weights(4, "training")
    assert [each.hyperparameter for each in candidates(settings)] == ["parts=4"]
    fused = fuse(SYSTEMS, EMOTION, InputsSettings(), settings)
    wrong = EMOTION.positions(fused["predicted"]) == 1 - TRUE[ITEMS.speakers == "bob"]
    assert wrong.all()


def test_without_logits_or_scaling_a_sum_is_the_same():
    plain, scaled = (
        fuse(SYSTEMS, EMOTION, InputsSettings(scaling=scaling), by_weights(4, "held_out"))
        for scaling in ("none", "standard")
    )
    assert plain.equals(scaled)


@pytest.mark.parametrize("chosen_on", ["held_out", "training"])
def test_under_the_nested_protocol_nobody_who_is_tested_chooses_a_weight(chosen_on):
    people = ("ann", "bob", "cid", "dan")
    items = items_of({f"{who}-{n}": EMOTION.names[n % 2] for who in people for n in range(4)})
    true = EMOTION.labels(items)

    def by_fold(right_for: tuple[str, ...]) -> dict[str, Posteriors]:
        said = np.where(np.isin(items.speakers, right_for), true, 1 - true)
        probabilities = 0.7 * np.eye(4)[said] + 0.075
        return {
            who: Posteriors(
                EMOTION,
                items,
                np.where(items.speakers == who, "test", "choose"),
                probabilities,
                None,
            )
            for who in people
        }

    systems = {"for_most": by_fold(people[:3]), "for_dan": by_fold(("dan",))}
    fused, _ = fuse_nested(systems, EMOTION, items, InputsSettings(), by_weights(4, chosen_on))
    right = fused["predicted"].to_numpy(str) == items.of(fused["item"]).column("emotion")
    assert right.tolist() == (items.of(fused["item"]).speakers != "dan").tolist()
