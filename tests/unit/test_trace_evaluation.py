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
from mmer.models.literature import LiteratureEntry
from mmer.predictions import TracePredictions, write_predictions
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Traces

STATED = {"arousal": 0.5, "valence": 0.25}
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
    mirrored = moments_of(column(-1, 0, 1), column(1, 0, -1))
    assert (mirrored.ccc[0], mirrored.pearson[0]) == pytest.approx((-1, -1))


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


# Tables


def test_the_summary_has_a_row_per_dimension_and_one_of_their_mean() -> None:
    absent = System("gone", "Gone", "face", "full", {}, not_run="no weights")
    table = trace_tables.summary_table([GOOD, absent], AFFECT, 1000, seed=0)
    assert list(table["system"]) == ["good"] * 3 + ["gone"] * 3
    assert list(table["dimension"]) == ["arousal", "valence", "mean"] * 2
    good = table[table["system"] == "good"].set_index("dimension")
    # Pooling concatenates all tested items of all splits.
    values = following(TRUE, 0.3, 5).values
    pooled = moments_of(values, TRUE.values.astype(np.float64)).ccc
    assert good["ccc"].tolist() == pytest.approx([*pooled, pooled.mean()])
    for score in ("ccc", "rmse", "pearson"):
        assert good.loc["mean", score] == pytest.approx(good[score].iloc[:2].mean())
        assert (good[f"{score}_low"] < good[score]).all()
        assert (good[score] < good[f"{score}_high"]).all()
    assert set(good["items"]) == {16} and set(good["steps"]) == {len(TRUE.values)}
    gone = table[table["system"] == "gone"]
    assert set(gone["verdict"]) == {"not run: no weights"} and gone["ccc"].isna().all()
    # The mean over splits and its deviation.
    scores = trace_tables.scores_table([GOOD], AFFECT)
    one, two = scores[scores["dimension"] == "valence"]["ccc"]
    assert good.loc["valence", "mean_ccc"] == pytest.approx((one + two) / 2)
    assert good.loc["valence", "std"] == pytest.approx(abs(one - two) / np.sqrt(2))
    assert scores["items"].tolist() == [8] * 4
    assert scores["steps"].sum() == 2 * len(TRUE.values)


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


@pytest.mark.parametrize(
    ("part", "predicted", "true", "complaint"),
    [
        ("test", TRUE, TRUE.only(ITEMS.names[1:]), "item a-1 of system s has no true trace"),
        (
            "test",
            Ragged.join(ITEMS.names, [np.zeros((3, 2))] * 16, 25),
            TRUE,
            r"system s predicts 3 steps of a-1 in fold0, but its true trace has \d",
        ),
        ("train", TRUE, TRUE, "system s has no row of the part test in fold0"),
    ],
)
def test_what_does_not_fit_the_truth_is_refused(
    part: str, predicted: Ragged, true: Ragged, complaint: str
) -> None:
    given = TracePredictions(AFFECT, ITEMS, np.full(len(ITEMS), part), predicted)
    with pytest.raises(UserError, match=complaint):
        fold_of("s", "fold0", given, true)


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
                    named | {"name": "l", "constant": STATED, "source": "them"},
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
    stated = made["summary"].query("system == 'l'")
    assert stated["ccc"].tolist() == pytest.approx([0.5, 0.25, 0.375])  # the last is the mean
    assert set(stated["verdict"]) == {"constant from the literature: them"}
    assert stated["ccc_low"].isna().all() and stated["steps"].tolist() == [0, 0, 0]
    assert summary.loc["f", "verdict"] == "not run: traces are not fused"
    assert made["significance"]["verdict"].str.contains("needs classes").all()
    assert made["differences"].empty
    # Items are scored one by one, and every step stands beside its truth.
    index = ITEMS.names.index("c-2")
    assert len(made["items"]) == 2 * 8 and len(made["predictions"]) == len(fold.true.values)
    row = made["items"].query("item == 'c-2' and dimension == 'arousal'").iloc[0]
    alone = moments_of(fold.predicted.of(index), fold.true.of(index))
    assert row["ccc"] == pytest.approx(alone.ccc[0])
    assert (row["speaker"], row["steps"]) == ("c", len(TRUE.of(index)))
    steps = made["predictions"].query("item == 'c-2'")
    assert steps["step"].tolist() == list(range(len(TRUE.of(index))))
    assert steps[["true_arousal", "true_valence"]].to_numpy() == pytest.approx(TRUE.of(index))
    said = steps[["predicted_arousal", "predicted_valence"]].to_numpy()
    assert said == pytest.approx(fold.predicted.of(index))


def test_what_the_literature_states_is_stated_of_every_dimension(tmp_path: Path) -> None:
    told = {"name": "l", "title": "L", "modality": "speech", "source": "them"}
    with pytest.raises(ValueError, match="states the CCC of arousal, but the task is of arousal, "):
        EvaluationJob.model_validate(
            {
                "task": AFFECT,
                "items": tmp_path / "items.csv",
                "traces": [tmp_path / "a.npz"],
                "systems": [told | {"constant": {"arousal": 0.5}}],
                "seed": 1,
                "out": tmp_path,
            }
        )


@pytest.mark.parametrize("wrong", [{}, {"accuracy": 50, "ccc": STATED}, {"ccc": {"arousal": 2}}])
def test_a_row_of_the_literature_has_an_accuracy_or_a_concordance(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"give either accuracy|between -1 and 1"):
        LiteratureEntry(family="literature", title="L", modality="speech", source="them", **wrong)
