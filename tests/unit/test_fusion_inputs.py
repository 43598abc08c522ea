"""What late fusion sees: posteriors side by side, scaled by the training rows alone."""

from __future__ import annotations

import numpy as np
import pytest

from mmer.corpus.clips import Clip
from mmer.errors import UserError
from mmer.fusion.inputs import join_systems, scale
from mmer.fusion.settings import FusionSettings
from mmer.posteriors import Posteriors

# Actor 1 is trained on (calm, happy), actor 2 is held out (calm).
CLIPS = ("01-01-02-01-01-01-01", "01-01-02-01-01-01-02", "01-01-03-01-01-01-01")
PART = np.array(["train", "heldout", "train"])
UNSCALED = {"scaling": "none"}


def posteriors(logits: bool, clips: tuple[str, ...] = CLIPS, part: np.ndarray = PART) -> Posteriors:
    probabilities = np.zeros((len(clips), 8))
    for row, clip in enumerate(clips):
        probabilities[row, Clip.parse(clip).label] = 1
    return Posteriors(clips, part, probabilities, 5 * probabilities if logits else None)


def joined(systems: dict[str, Posteriors], **settings: object) -> np.ndarray:
    return join_systems("heldout0", systems, FusionSettings(**(UNSCALED | settings))).heldout


def test_systems_lie_side_by_side_in_the_order_given() -> None:
    values = joined({"with": posteriors(True), "without": posteriors(False)}, inputs="native")
    calm = [0, 1, 0, 0, 0, 0, 0, 0]
    assert values.tolist() == [[5 * value for value in calm] + calm]


def test_probabilities_can_be_asked_for_where_there_are_logits() -> None:
    values = joined({"a": posteriors(True), "b": posteriors(True)}, inputs="probability")
    assert values.max() == 1


def test_the_logarithm_of_a_zero_probability_stays_finite() -> None:
    values = joined({"a": posteriors(False), "b": posteriors(False)}, inputs="log_probability")
    assert values.min() == pytest.approx(np.log(1e-12))


def test_logits_asked_for_in_vain_name_the_system() -> None:
    with pytest.raises(UserError, match="system b has no logits"):
        joined({"a": posteriors(True), "b": posteriors(False)}, inputs="logit")


def test_one_system_can_give_other_values_scaled_otherwise_than_the_rest() -> None:
    # Calm, the held-out clip's emotion: one training clip of two has it, so its logits 5 and 0
    # become 1 and 0 under minmax, while the other system's probability 1 stays as it is.
    settings = FusionSettings.model_validate(
        {"by_system": {"cnn14": {"inputs": "probability", "scaling": "none"}}}
    )
    systems = {"cnn14/full": posteriors(True), "stn/vad": posteriors(True)}
    inputs = join_systems("heldout0", systems, settings)
    assert inputs.train[:, 1].tolist() == [1, 0]
    assert inputs.train[:, 8 + 1].tolist() == [1, 0]
    unscaled = settings.model_copy(update={"scaling": "none"})
    assert join_systems("heldout0", systems, unscaled).train[:, 8 + 1].tolist() == [5, 0]


def test_a_variants_own_entry_wins_over_its_models_and_null_leaves_the_rest() -> None:
    settings = FusionSettings.model_validate(
        {
            "inputs": "logit",
            "by_system": {
                "cnn14": {"inputs": "probability", "scaling": "standard"},
                "cnn14/vad": {"scaling": "none"},
            },
        }
    )
    assert settings.of_system("cnn14/full") == ("probability", "standard")
    assert settings.of_system("cnn14/vad") == ("probability", "none")
    assert settings.of_system("stn/vad") == ("logit", "minmax")


def test_settings_of_one_pairing_forget_the_systems_of_others() -> None:
    settings = FusionSettings.model_validate(
        {"by_system": {"a": {"scaling": "none"}, "b/vad": {"scaling": "none"}, "b/full": {}}}
    )
    assert set(settings.only(["a/full", "b/vad"]).by_system) == {"a", "b/vad"}


def test_parts_and_labels_are_kept_together() -> None:
    inputs = join_systems(
        "heldout0", {"a": posteriors(True), "b": posteriors(True)}, FusionSettings()
    )
    assert inputs.train_labels.tolist() == [1, 2]
    assert inputs.heldout_labels.tolist() == [1]
    assert inputs.heldout_clips == (CLIPS[1],)


def test_minmax_maps_training_columns_onto_zero_to_one_and_lets_others_leave() -> None:
    train, heldout = scale(np.array([[2.0], [4.0]]), np.array([[6.0]]), "minmax")
    assert train.tolist() == [[0], [1]]
    assert heldout.tolist() == [[2]]


def test_standard_scaling_uses_mean_and_deviation_of_the_training_rows() -> None:
    # Training column 2, 4: mean 3, deviation 1.
    train, heldout = scale(np.array([[2.0], [4.0]]), np.array([[6.0]]), "standard")
    assert train.tolist() == [[-1], [1]]
    assert heldout.tolist() == [[3]]


def test_one_system_is_no_fusion() -> None:
    with pytest.raises(UserError, match="at least two systems"):
        joined({"a": posteriors(True)})


def test_systems_with_different_clips_are_refused() -> None:
    fewer = posteriors(True, CLIPS[:2], PART[:2])
    with pytest.raises(UserError, match=f"a and b differ in 1 clips .* {CLIPS[2]}, which only a"):
        joined({"a": posteriors(True), "b": fewer})


def test_systems_that_disagree_about_a_part_are_refused() -> None:
    swapped = posteriors(True, part=np.array(["heldout", "train", "heldout"]))
    with pytest.raises(UserError, match="is train for a but heldout for b"):
        joined({"a": posteriors(True), "b": swapped})


def test_systems_without_training_rows_are_refused() -> None:
    published = posteriors(True, CLIPS[1:2], PART[1:2])
    with pytest.raises(UserError, match="no training rows"):
        joined({"a": published, "b": published})
