"""What late fusion sees: posteriors side by side, scaled by the training rows alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.few_items import EMOTION, items_of

from mmer.fusion.inputs import join_systems, scale
from mmer.fusion.settings import InputsSettings
from mmer.predictions import Posteriors
from mmer.runtime.errors import UserError

# Ann is trained on (calm, happy), bob is tested (calm), cid only chooses.
ITEMS = items_of({"ann-1": "calm", "ann-2": "happy", "bob-1": "calm", "cid-1": "sad"})
PART = np.array(["train", "train", "test", "choose"])
CLASSES = EMOTION.outputs
CALM = 1
MINMAX = InputsSettings(scaling="minmax")


def posteriors(logits: bool, kept: slice = slice(None), part: np.ndarray = PART) -> Posteriors:
    """A system sure of the truth, by its probabilities or by five times as large logits."""
    items = ITEMS.of(ITEMS.names[kept])
    probabilities = np.eye(CLASSES)[EMOTION.labels(items)]
    return Posteriors(
        EMOTION, items, part[kept], probabilities, 5 * probabilities if logits else None
    )


def joined(systems: dict[str, Posteriors], **settings: object) -> np.ndarray:
    return join_systems("fold0", systems, InputsSettings(**settings)).test


@pytest.mark.parametrize(
    ("values", "tested"),
    [
        ("native", [0, 5, 0, 0, 0, 1, 0, 0]),
        ("probability", [0, 1, 0, 0, 0, 1, 0, 0]),
        ("log_probability", np.log([1e-12, 1, 1e-12, 1e-12] * 2).tolist()),
    ],
)
def test_systems_lie_side_by_side_in_the_order_given(values: str, tested: list[float]) -> None:
    systems = {"with": posteriors(True), "without": posteriors(False)}
    assert joined(systems, values=values)[0].tolist() == pytest.approx(tested)


@pytest.mark.parametrize(
    ("scaling", "train", "test"), [("minmax", [0, 1], 2), ("standard", [-1, 1], 3)]
)
def test_scaling_is_what_the_training_rows_tell(scaling, train: list[float], test: float) -> None:
    # The training column 2, 4 has mean 3 and deviation 1; the tested 6 leaves its range.
    found = scale(np.array([[2.0], [4.0]]), np.array([[6.0]]), scaling)
    assert (found[0][:, 0].tolist(), found[1].tolist()) == (train, [[test]])


def test_logits_asked_for_in_vain_name_the_system() -> None:
    with pytest.raises(UserError, match="system b has no logits"):
        joined({"a": posteriors(True), "b": posteriors(False)}, values="logit")


def test_one_system_can_give_other_values_scaled_otherwise_than_the_rest() -> None:
    # Of the two items trained on one is calm, so its logits 5 and 0 become 1 and 0 under minmax,
    # while the other system's probability 1 stays as it is.
    settings = InputsSettings.model_validate(
        {
            "scaling": "minmax",
            "by_system": {"cnn14": {"values": "probability", "scaling": "none"}},
        }
    )
    systems = {"cnn14/full": posteriors(True), "stn/vad": posteriors(True)}
    inputs = join_systems("fold0", systems, settings)
    assert inputs.train[:, CALM].tolist() == [1, 0]
    assert inputs.train[:, CLASSES + CALM].tolist() == [1, 0]
    unscaled = settings.model_copy(update={"scaling": "none"})
    assert join_systems("fold0", systems, unscaled).train[:, CLASSES + CALM].tolist() == [5, 0]


def test_a_variants_own_entry_wins_over_its_models_and_null_leaves_the_rest() -> None:
    settings = InputsSettings.model_validate(
        {
            "values": "logit",
            "scaling": "minmax",
            "by_system": {
                "cnn14": {"values": "probability", "scaling": "standard"},
                "cnn14/vad": {"scaling": "none"},
            },
        }
    )
    assert settings.of_system("cnn14/full") == ("probability", "standard")
    assert settings.of_system("cnn14/vad") == ("probability", "none")
    assert settings.of_system("stn/vad") == ("logit", "minmax")


def test_settings_of_one_pairing_forget_the_systems_of_others() -> None:
    settings = InputsSettings.model_validate(
        {"by_system": {"a": {"scaling": "none"}, "b/vad": {"scaling": "none"}, "b/full": {}}}
    )
    assert set(settings.only(["a/full", "b/vad"]).by_system) == {"a", "b/vad"}


def test_what_is_trained_on_and_what_is_tested_are_those_parts_and_no_other() -> None:
    inputs = join_systems("fold0", {"a": posteriors(True), "b": posteriors(True)}, MINMAX)
    assert inputs.train_labels.tolist() == [1, 2]
    assert inputs.train.shape == (2, 2 * CLASSES) and inputs.test.shape == (1, 2 * CLASSES)
    assert inputs.test_items == ("bob-1",)


def test_the_scaler_knows_nothing_of_the_rows_that_are_not_trained_on() -> None:
    # Nobody trained on is sad: the column is 0 for all of them, and the chooser's 5 bears on
    # nothing.  Calm's training values 0 and 5 become 0 and 1, and a tested 10 becomes 2.
    doubled = posteriors(True)
    logits = doubled.logits.copy()
    logits[2] *= 2
    loud = Posteriors(EMOTION, doubled.items, PART, doubled.probabilities, logits)
    inputs = join_systems("fold0", {"a": loud, "b": posteriors(True)}, MINMAX)
    assert inputs.train[:, CALM].tolist() == [1, 0]
    assert inputs.test[0, CALM] == 2 and inputs.test[0, CLASSES + CALM] == 1


def test_systems_with_different_items_or_parts_are_refused() -> None:
    with pytest.raises(UserError, match=r"a and b differ in 1 items .* cid-1, which only a"):
        joined({"a": posteriors(True), "b": posteriors(True, slice(0, 3))})
    other = posteriors(True, part=np.array(["train", "train", "choose", "test"]))
    with pytest.raises(UserError, match="bob-1 of fold0 is test for a but choose for b"):
        joined({"a": posteriors(True), "b": other})


@pytest.mark.parametrize(
    ("kept", "complaint"),
    [
        (slice(2, 4), "no training rows in the train part of fold0"),
        (slice(1, 4), "only happy items in the train part of fold0"),
        (slice(0, 2), "no row of the part test in fold0"),
    ],
)
def test_a_part_that_cannot_serve_is_refused(kept: slice, complaint: str) -> None:
    few = posteriors(True, kept)
    with pytest.raises(UserError, match=complaint):
        joined({"a": few, "b": few})
