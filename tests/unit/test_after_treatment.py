"""After-treatment of traces: what is chosen, in which order, and that it is frozen for the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mmer.items import items_table, write_items
from mmer.models.after_treatment import AfterTreatment, AfterTreatmentSettings
from mmer.models.base import ModelJob
from mmer.models.networks.after_treatment import Reference, Treatment, chosen
from mmer.predictions import TracePredictions, read_predictions, write_predictions
from mmer.protocol import Split
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces

RATE = 25
AROUSAL = Traces(names=("arousal",), rate=RATE)
SLOW = np.sin(np.arange(1000) / 60)


def choice(predicted: np.ndarray, true: np.ndarray, **settings: object) -> Treatment:
    """What is chosen in the end on one recording."""
    told = AfterTreatmentSettings(**settings)
    return [each for _, each in chosen(Reference([predicted], [true]), told, RATE)][-1]


def test_a_trace_comes_later_and_repeats_its_first_value():
    trace = np.array([1.0, 2.0, 3.0, 4.0])
    assert Treatment(delay=2).of(trace).tolist() == [1, 1, 1, 2]
    assert Treatment(delay=9).of(trace).tolist() == [1, 1, 1, 1]


def test_a_median_filter_removes_what_is_shorter_than_half_of_it_and_keeps_the_ends():
    trace = np.array([5.0, 1.0, 1.0, 9.0, 1.0, 1.0, 7.0, 7.0])
    assert Treatment(window=3).of(trace).tolist() == [5, 1, 1, 1, 1, 1, 7, 7]


def test_the_mean_is_moved_before_the_deviation_is_stretched():
    assert Treatment(shift=1.0, factor=2.0).of(np.array([0.0, 1.0])).tolist() == [2, 4]


def test_the_delay_of_the_raters_is_found():
    late = np.concatenate([np.repeat(SLOW[0], 50), SLOW])[:1000]
    assert choice(SLOW, late, steps=["delay"]).delay == 50


def test_a_trace_that_is_on_time_is_not_delayed():
    assert choice(SLOW, SLOW, steps=["delay"]) == Treatment()


def test_noise_is_smoothed_by_a_window_between_the_two_best():
    noisy = SLOW + 2 * np.random.default_rng(0).standard_normal(1000)
    on = Reference([noisy], [SLOW])
    found = choice(noisy, SLOW, steps=["median"], windows=[0.2, 8.0])
    assert 5 < found.window < 201 and found.window % 2 == 1
    for end in (5, 201):
        assert on.ccc(found) > 1.02 * on.ccc(Treatment(window=end))


def test_a_filter_that_gains_less_than_a_fiftieth_is_left_out():
    assert choice(SLOW, SLOW, steps=["median"], windows=[0.2, 0.4]) == Treatment()


def test_a_window_lasts_some_time():
    with pytest.raises(ValidationError, match="greater than 0"):
        AfterTreatmentSettings(windows=[-5, 20])


def test_mean_and_deviation_become_those_of_the_truth():
    true = SLOW - SLOW.mean()
    found = choice(true / 4 + 0.3, true, steps=["centre", "scale"])
    assert (found.shift, found.factor) == (pytest.approx(-0.3), pytest.approx(4))


def test_a_step_that_lowers_the_concordance_is_left_out():
    turned = -SLOW / 4  # the larger, the worse
    assert choice(turned, SLOW, steps=["scale"]) == Treatment()
    assert choice(np.ones(1000), SLOW, steps=["scale"]) == Treatment()


def test_concordance_by_hand():
    # Means 1.5 and 2.5, variances 0.25 and 2.25, covariance 0.75.
    found = Reference([np.array([1.0, 2.0])], [np.array([1.0, 4.0])]).ccc(Treatment())
    assert found == pytest.approx(2 * 0.75 / (0.25 + 2.25 + 1.0))


# As a step of the workflow


def treatment_job(folder: Path, choose: str, task: Traces | Classes = AROUSAL) -> ModelJob:
    """Ann trains, Bob lies half as high as the truth, and Eve a tenth."""
    names = ("ann", "bob", "eve")
    items = items_table([{"item": name, "speaker": name} for name in names], [])
    write_items(folder / "items.csv", items)
    train = ("ann",) if choose == "bob" else ("ann", "bob")
    split = Split(name="s", train=train, choose=(choose,), test=("eve",))
    sizes = (1.0, 0.5, 0.1)
    said = Ragged.join(names, [SLOW[:, None] * size for size in sizes], RATE)
    write_predictions(
        folder / "said.csv", TracePredictions(AROUSAL, items, split.parts_of(items), said)
    )
    for name in names:
        true = Ragged.join([name], [SLOW[:, None].astype(np.float32)], RATE)
        write_ragged(folder / f"{name}.npz", true)
    return ModelJob(
        family="after_treatment",
        step="treat",
        model="treated",
        options={"settings": {"steps": ["centre", "scale"]}},
        task=task,
        variant="full",
        splits={"s": split},
        inputs={
            "items": (folder / "items.csv",),
            "traces": tuple(folder / f"{name}.npz" for name in names),
            "predictions": (folder / "said.csv",),
        },
        outputs={
            "predictions": {"s": folder / "treated.csv"},
            "gains": {"s": folder / "gains.csv"},
        },
    )


def test_what_is_chosen_on_the_development_part_is_done_to_the_test_part(tmp_path):
    job = treatment_job(tmp_path, choose="bob")
    AfterTreatment().run(job)
    items = items_table([{"item": n, "speaker": n} for n in ("ann", "bob", "eve")], [])
    treated = read_predictions(tmp_path / "treated.csv", AROUSAL, items)
    assert treated.part.tolist() == ["train", "choose", "test"]
    middle = SLOW.mean()
    eve = treated.traces.of(2)[:, 0]
    np.testing.assert_allclose(eve, 2 * (0.1 * SLOW + 0.5 * middle), atol=1e-6)  # not ten times
    gains = pd.read_csv(tmp_path / "gains.csv")
    assert gains["step"].tolist() == ["centre", "scale"]
    assert gains["factor"].tolist() == [1, pytest.approx(2)]
    assert (gains["gain_choosing"] > 0).all()
    assert gains["gain_tested"].iloc[1] > 0


def test_where_the_tested_part_chooses_it_gains_what_it_chose(tmp_path):
    AfterTreatment().run(treatment_job(tmp_path, choose="eve"))
    gains = pd.read_csv(tmp_path / "gains.csv")
    assert (gains["ccc_choosing"] == gains["ccc_tested"]).all()
    assert gains["factor"].iloc[1] == pytest.approx(10)


def test_classes_are_not_treated(tmp_path):
    classes = Classes(names=("a", "b"), column="label")
    with pytest.raises(UserError, match="is of traces"):
        AfterTreatment().run(treatment_job(tmp_path, "bob", classes))
