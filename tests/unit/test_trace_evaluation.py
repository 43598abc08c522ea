"""Traces beside their truth: scores by hand, intervals over speakers, and the tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mmer.evaluation import trace_tables
from mmer.evaluation.evaluate import evaluate
from mmer.evaluation.job import EvaluationJob
from mmer.evaluation.predictions import System
from mmer.evaluation.speaker_bootstrap import interval
from mmer.evaluation.tables_of_task import tables_of
from mmer.evaluation.traces import (
    FoldTraces,
    fold_of,
    moments_of,
    pooled_moments,
    resampled_moments,
)
from mmer.items import Items, items_table, write_items
from mmer.predictions import TracePredictions, write_predictions
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Traces

AFFECT = Traces(names=("arousal", "valence"), rate=25)


def column(*values: float) -> np.ndarray:
    """One dimension of a trace."""
    return np.array(values)[:, None]


# Lin's coefficient


def test_scores_by_hand() -> None:
    # 1, 2, 3 against 2, 4, 6: variances 2/3 and 8/3, covariance 4/3, means 2 apart:
    # CCC 2 * 4/3 / (2/3 + 8/3 + 4) = 4/11; squared differences 1, 4, 9; correlation 1.
    found = moments_of(column(1, 2, 3), column(2, 4, 6))
    assert found.ccc[0] == pytest.approx(4 / 11)
    assert found.rmse[0] == pytest.approx(np.sqrt(14 / 3))
    assert found.pearson[0] == pytest.approx(1)


def test_what_is_followed_exactly_has_concordance_one_and_its_mirror_image_minus_one() -> None:
    true = np.random.default_rng(0).normal(size=(50, 2))
    true -= true.mean(axis=0)
    assert moments_of(true, true).ccc == pytest.approx([1, 1])
    assert moments_of(true, true).rmse.tolist() == [0, 0]
    assert moments_of(-true, true).ccc == pytest.approx([-1, -1])


def test_concordance_is_symmetric_and_changes_with_no_common_shift_or_scale() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(size=(40, 2))
    predicted = true + rng.normal(size=(40, 2))
    found = moments_of(predicted, true)
    assert moments_of(true, predicted).ccc == pytest.approx(found.ccc)
    moved = moments_of(5 - 3 * predicted, 5 - 3 * true)
    assert moved.ccc == pytest.approx(found.ccc)
    assert moved.rmse == pytest.approx(3 * found.rmse)
    # A shift of the prediction alone costs concordance, but no correlation.
    shifted = moments_of(predicted + 1, true)
    assert (shifted.ccc < found.ccc).all() and shifted.pearson == pytest.approx(found.pearson)


def test_a_constant_has_no_concordance_and_no_correlation() -> None:
    for predicted in (column(2, 2, 2), column(9, 9, 9)):
        found = moments_of(predicted, column(2, 2, 2))
        assert found.ccc.tolist() == [0] and np.isnan(found.pearson[0])
    assert moments_of(column(2, 2, 2), column(1, 2, 3)).ccc.tolist() == [0]


def test_the_evaluation_and_the_loss_mean_the_same_concordance() -> None:
    rng = np.random.default_rng(2)
    predicted, true = rng.normal(size=(2, 30, 2))
    scores = AFFECT.scores(
        torch.from_numpy(predicted)[None], torch.from_numpy(true)[None], torch.tensor([30])
    )
    assert moments_of(predicted, true).ccc == pytest.approx(
        [scores["ccc_arousal"], scores["ccc_valence"]]
    )


# Systems: speakers with one or two items of different lengths


def items_of(*speakers: str) -> Items:
    return items_table(
        [{"item": f"{who}-{n}", "speaker": who} for who in speakers for n in (1, 2)], []
    )


def truth(items: Items, seed: int = 0) -> Ragged:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(rng.integers(4, 9), 2)).astype(np.float32) for _ in items.names]
    return Ragged.join(items.names, parts, 25)


def following(true: Ragged, noise: float, seed: int) -> Ragged:
    rng = np.random.default_rng(seed)
    values = true.values.astype(np.float64)
    return Ragged(true.items, values + noise * rng.normal(size=values.shape), true.offsets, 25)


def system(name: str, items: Items, predicted: Ragged, true: Ragged) -> System[FoldTraces]:
    """A system whose first half of the items are tested in one split, the others in another."""
    folds = {}
    half = len(items) // 2
    for split, names in (("fold0", items.names[:half]), ("fold1", items.names[half:])):
        part = np.where(np.isin(items.names, names), "test", "train")
        folds[split] = fold_of(name, split, TracePredictions(AFFECT, items, part, predicted), true)
    return System(name, name.upper(), "speech", "full", folds)


ITEMS = items_of(*"abcdefgh")
TRUE = truth(ITEMS)
GOOD, POOR = (
    system(name, ITEMS, following(TRUE, noise, 5), TRUE)
    for name, noise in (("good", 0.3), ("poor", 1.5))
)


def test_pooling_concatenates_all_tested_items_of_all_splits() -> None:
    predicted = following(TRUE, 0.3, 5)
    expected = moments_of(predicted.values, TRUE.values.astype(np.float64))
    assert pooled_moments(GOOD).ccc == pytest.approx(expected.ccc)


def test_a_draw_is_what_its_speakers_items_give_when_laid_one_after_the_other() -> None:
    # Two speakers: a draw is one of them twice, both, or the other twice.
    items = items_of("a", "b")
    true = truth(items)
    two = system("two", items, following(true, 0.5, 1), true)
    folds = two.folds["fold0"], two.folds["fold1"]
    alone = [moments_of(fold.predicted.values, fold.true.values) for fold in folds]
    for score in ("ccc", "rmse", "pearson"):
        expected = [*(getattr(each, score) for each in alone), getattr(pooled_moments(two), score)]
        drawn = getattr(resampled_moments(two, 2000, seed=0), score)
        distances = [abs(drawn - value).max(axis=1) < 1e-9 for value in expected]
        assert np.sum(distances, axis=0).tolist() == [1] * 2000
        # Each speaker alone one draw in four, both in every other one.
        assert np.mean(distances, axis=1) == pytest.approx([0.25, 0.25, 0.5], abs=0.05)


def test_the_resampled_scores_keep_their_digits_far_from_zero() -> None:
    items = items_of("a", "b")
    true = truth(items)
    far = Ragged(true.items, true.values.astype(np.float64) + 1e6, true.offsets, 25)
    near = following(true, 0.5, 1)
    moved = Ragged(near.items, near.values + 1e6, near.offsets, 25)
    here = resampled_moments(system("a", items, near, true), 100, seed=0)
    there = resampled_moments(system("a", items, moved, far), 100, seed=0)
    assert there.ccc == pytest.approx(here.ccc, abs=1e-6)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    # Speakers of 20 steps each; the prediction is half the truth's variance and independent noise,
    # so that in the limit CCC = 2 * 0.5 / (1 + 0.5) = 2/3 (covariance 0.5, prediction's variance
    # 0.25 + 0.25).
    rng = np.random.default_rng(3)
    items = items_table([{"item": f"i{n:02d}", "speaker": f"s{n:02d}"} for n in range(24)], [])
    covered = 0
    for _ in range(100):
        t = rng.normal(size=(480, 2))
        p = 0.5 * t + 0.5 * rng.normal(size=t.shape)
        offsets = np.arange(0, 481, 20)
        true, predicted = (Ragged(items.names, each, offsets, 25) for each in (t, p))
        fold = FoldTraces(items, predicted, true)
        one = System("a", "A", "speech", "full", {"fold0": fold})
        low, high = interval(resampled_moments(one, 1000, seed=0).ccc[:, 0])
        covered += low <= 2 / 3 <= high
    # 95 % of 100 runs have a standard deviation of 2.2.
    assert 86 <= covered <= 99


# Tables


def test_the_summary_has_a_row_per_dimension_and_one_of_their_mean() -> None:
    absent = System("gone", "Gone", "face", "full", {}, not_run="no weights")
    table = trace_tables.summary_table([GOOD, absent], AFFECT, 1000, seed=0)
    assert list(table["system"]) == ["good"] * 3 + ["gone"] * 3
    assert list(table["dimension"]) == ["arousal", "valence", "mean"] * 2
    good = table[table["system"] == "good"].set_index("dimension")
    for score in ("ccc", "rmse", "pearson"):
        assert good.loc["mean", score] == pytest.approx(good[score].iloc[:2].mean())
        assert (good[f"{score}_low"] < good[score]).all()
        assert (good[score] < good[f"{score}_high"]).all()
    assert set(good["items"]) == {16} and set(good["steps"]) == {len(TRUE.values)}
    gone = table[table["system"] == "gone"]
    assert set(gone["verdict"]) == {"not run: no weights"} and gone["ccc"].isna().all()


def test_the_mean_over_splits_and_its_deviation_by_hand() -> None:
    summary = trace_tables.summary_table([GOOD], AFFECT, 1000, seed=0).set_index("dimension")
    scores = trace_tables.scores_table([GOOD], AFFECT)
    one, two = scores[scores["dimension"] == "valence"]["ccc"]
    assert summary.loc["valence", "mean_ccc"] == pytest.approx((one + two) / 2)
    assert summary.loc["valence", "std"] == pytest.approx(abs(one - two) / np.sqrt(2))
    assert scores["items"].tolist() == [8] * 4
    assert scores["steps"].sum() == 2 * len(TRUE.values)


def test_items_are_scored_one_by_one() -> None:
    table = trace_tables.items_table([GOOD], AFFECT)
    assert len(table) == 2 * len(ITEMS)
    row = table[(table["item"] == "c-2") & (table["dimension"] == "arousal")].iloc[0]
    index = ITEMS.names.index("c-2")
    alone = moments_of(following(TRUE, 0.3, 5).of(index), TRUE.of(index).astype(np.float64))
    assert row["ccc"] == pytest.approx(alone.ccc[0]) and row["speaker"] == "c"
    assert row["steps"] == len(TRUE.of(index))


def test_differences_are_first_minus_second_on_the_same_draws() -> None:
    table = trace_tables.differences_table([GOOD, POOR], AFFECT, 2000, seed=0)
    table = table.set_index("dimension")
    assert set(table["first"]) == {"good"} and set(table["second"]) == {"poor"}
    expected = pooled_moments(GOOD).ccc - pooled_moments(POOR).ccc
    assert table["difference"].tolist() == pytest.approx([*expected, expected.mean()])
    assert (table["difference_low"] < table["difference"]).all()
    assert (table["difference"] < table["difference_high"]).all()
    drawn = [resampled_moments(each, 2000, seed=0).ccc for each in (GOOD, POOR)]
    for place, dimension in enumerate(AFFECT.names):
        ends = table.loc[dimension, ["difference_low", "difference_high"]]
        assert tuple(ends) == pytest.approx(interval(drawn[0][:, place] - drawn[1][:, place]))
    # A system does not differ from itself in any draw, however wide its own interval.
    twin = System("twin", "Twin", "speech", "full", GOOD.folds)
    none = trace_tables.differences_table([GOOD, twin], AFFECT, 2000, seed=0)
    assert (none[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)


def test_systems_tested_on_different_items_are_not_compared() -> None:
    fewer = System("few", "Few", "speech", "full", {"fold0": GOOD.folds["fold0"]})
    with pytest.raises(UserError, match="good and few were not evaluated on the same items"):
        trace_tables.differences_table([GOOD, fewer], AFFECT, 1000, seed=0)


def test_every_step_stands_beside_its_truth() -> None:
    table = trace_tables.predictions_table([GOOD], AFFECT)
    assert list(table) == [
        *("system", "split", "item", "step"),
        *("true_arousal", "true_valence", "predicted_arousal", "predicted_valence"),
    ]
    assert len(table) == len(TRUE.values)
    one = table[table["item"] == "f-1"]
    index = ITEMS.names.index("f-1")
    assert one["step"].tolist() == list(range(len(TRUE.of(index))))
    assert (one[["true_arousal", "true_valence"]].to_numpy() == TRUE.of(index)).all()
    assert set(one["split"]) == {"fold1"}


@pytest.mark.parametrize(
    ("predicted", "true", "complaint"),
    [
        (TRUE, TRUE.only(ITEMS.names[1:]), "item a-1 of system s has no true trace"),
        (
            Ragged.join(ITEMS.names, [np.zeros((3, 2))] * 16, 25),
            TRUE,
            r"system s predicts 3 steps of a-1 in fold0, but its true trace has \d",
        ),
    ],
)
def test_traces_of_other_items_or_lengths_are_refused(
    predicted: Ragged, true: Ragged, complaint: str
) -> None:
    part = np.full(len(ITEMS), "test")
    with pytest.raises(UserError, match=complaint):
        fold_of("s", "fold0", TracePredictions(AFFECT, ITEMS, part, predicted), true)


def test_a_table_without_tested_items_is_refused() -> None:
    part = np.full(len(ITEMS), "train")
    with pytest.raises(UserError, match="system s has no row of the part test in fold0"):
        fold_of("s", "fold0", TracePredictions(AFFECT, ITEMS, part, TRUE), TRUE)


def test_the_job_writes_the_tables_of_traces(tmp_path: Path) -> None:
    write_items(tmp_path / "items.csv", ITEMS)
    traces = []
    for speaker in sorted(set(ITEMS.speakers)):
        traces.append(tmp_path / f"{speaker}.npz")
        write_ragged(traces[-1], TRUE.only(ITEMS.where(ITEMS.speakers == speaker).names))
    part = np.array(["test"] * 8 + ["train"] * 8)
    path = tmp_path / "fold0.csv"
    write_predictions(path, TracePredictions(AFFECT, ITEMS, part, following(TRUE, 0.3, 5)))
    named = {"title": "A", "modality": "speech", "variant": "full"}
    evaluate(
        EvaluationJob.model_validate(
            {
                "task": AFFECT,
                "items": tmp_path / "items.csv",
                "traces": traces,
                "systems": [
                    named | {"name": "a", "predictions": {"fold0": path}},
                    named | {"name": "h", "constant": 67, "source": "them"},
                ],
                "fusions": [{"name": "f", "title": "F", "not_run": "traces are not fused"}],
                "settings": {"resamples": 1000},
                "seed": 1,
                "out": tmp_path / "out",
            }
        )
    )
    made = {file.stem: pd.read_csv(file) for file in (tmp_path / "out").iterdir()}
    assert set(made) == set(tables_of(AFFECT))
    summary = made["summary"].drop_duplicates("system").set_index("system")
    fold = GOOD.folds["fold0"]
    expected = moments_of(fold.predicted.values, fold.true.values).ccc[0]
    assert summary.loc["a", "ccc"] == pytest.approx(expected)
    assert summary.loc["h", "verdict"].startswith("not run: an accuracy from the literature")
    assert summary.loc["f", "verdict"] == "not run: traces are not fused"
    assert made["significance"]["verdict"].str.contains("needs classes").all()
    assert made["differences"].empty
