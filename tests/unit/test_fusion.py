"""Late fusion over the grid of classifiers, on items whose class two systems know together."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.few_items import EMOTION, items_of

from mmer.fusion.classifiers import Candidate, candidates
from mmer.fusion.grid import fuse
from mmer.fusion.job import FusionJob
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import grid_of, prediction_rows, read_fused
from mmer.items import Items, write_items
from mmer.predictions import Posteriors, write_predictions
from mmer.runtime.errors import UserError

ROOT = Path(__file__).parents[2]
SMALL = FusionSettings.model_validate(
    {
        "classifiers": {
            "logistic_regression": {"C": [1, 1e6]},
            "svm_linear": {"C": [1]},
            "svm_rbf": {"C": [1]},
            "knn": {"k": [3]},
        }
    }
)
FED = InputsSettings(scaling="minmax")
SPLITS = {"fold0": "dan", "fold1": "cid"}
ITEMS = items_of(
    {
        f"{who}-{emotion}{take}": emotion
        for who in ("ann", "bob", "cid", "dan")
        for emotion in sorted(EMOTION.names)
        for take in range(4)
    }
)
Systems = dict[str, dict[str, Posteriors]]


def half_knowing(tested: str, knows: tuple[int, ...], items: Items = ITEMS) -> Posteriors:
    """A system sure of some classes, which gives all the others the same probabilities."""
    part = np.where(items.speakers == tested, "test", "train")
    labels = EMOTION.labels(items)
    logits = 4 * np.eye(EMOTION.outputs)[labels] * np.isin(labels, knows)[:, None]
    powers = np.exp(logits)
    return Posteriors(EMOTION, items, part, powers / powers.sum(axis=1, keepdims=True), logits)


@pytest.fixture(scope="module")
def systems() -> Systems:
    return {
        "speech": {split: half_knowing(who, (0, 1)) for split, who in SPLITS.items()},
        "face": {split: half_knowing(who, (2, 3)) for split, who in SPLITS.items()},
    }


@pytest.fixture(scope="module")
def predictions(systems: Systems) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fuse(systems, EMOTION, FED, SMALL)


def test_every_candidate_predicts_every_tested_item_once(predictions: pd.DataFrame) -> None:
    assert len(predictions) == 5 * 2 * 16
    assert not predictions.duplicated(["classifier", "hyperparameter", "item"]).any()
    speakers = ITEMS.of(predictions["item"]).speakers
    assert set(zip(predictions["split"], speakers, strict=True)) == set(SPLITS.items())


def test_two_systems_know_together_what_neither_knows_alone(predictions: pd.DataFrame) -> None:
    grid = grid_of(predictions, EMOTION, ITEMS)
    assert set(grid["items"]) == {16}
    assert grid["accuracy"].tolist() == [100.0] * len(grid)


def test_probabilities_stand_where_the_classifier_gives_them(predictions: pd.DataFrame) -> None:
    columns = EMOTION.probability_columns
    has = predictions.groupby("classifier")[columns[0]].apply(lambda p: p.notna().all())
    assert has.to_dict() == {
        "logistic_regression": True,
        "svm_linear": False,
        "svm_rbf": False,
        "knn": True,
    }
    rows = predictions[predictions["classifier"] == "logistic_regression"]
    assert rows[columns].sum(axis=1).to_numpy() == pytest.approx(1)
    best = [EMOTION.names[label] for label in rows[columns].to_numpy().argmax(axis=1)]
    assert best == rows["predicted"].tolist()


def test_the_default_grid_is_that_of_section_4_2_and_holds_every_cell_of_table_a3() -> None:
    tried = [(each.classifier, each.hyperparameter) for each in candidates(FusionSettings())]
    kernels = ["C=0.0001", "C=0.001", "C=0.01", "C=0.1", "C=1", "C=10", "C=100"]
    regression = ["C=0.1", *(f"C={10**power}" for power in range(7))]
    assert tried == [
        *(("logistic_regression", C) for C in regression),
        *((kernel, C) for kernel in ("svm_linear", "svm_rbf") for C in kernels),
        *(("knn", f"k={k}") for k in (10, 20, 30, 40, 50)),
    ]
    folder = ROOT / "resources" / "papers" / "luna_jimenez_2021"
    printed = pd.read_csv(folder / "tableA3_fusion.csv", dtype=str)
    assert set(zip(printed["model"], printed["hyperparameter"], strict=True)) < set(tried)


@pytest.mark.filterwarnings("error")
def test_a_fit_that_did_not_converge_is_logged(
    systems: Systems, caplog: pytest.LogCaptureFixture
) -> None:
    settings = SMALL.model_copy(update={"logistic_max_iterations": 1, "svm_max_iterations": 1})
    with caplog.at_level(logging.WARNING):
        fuse(systems, EMOTION, FED, settings)
    told = {record.getMessage() for record in caplog.records}
    assert any("logistic_regression C=1 did not converge on fold0" in text for text in told)
    assert any("svm_linear C=1 did not converge on fold1" in text for text in told)


def test_grid_accuracy_counts_by_hand() -> None:
    # Three of four right.
    items = items_of({"a-1": "calm", "a-2": "calm", "a-3": "happy", "a-4": "sad"})
    said = ["calm", "sad", "happy", "sad"]
    rows = prediction_rows(EMOTION, Candidate("knn", "k", 1), "s", items.names, said, None)
    assert grid_of(rows, EMOTION, items).iloc[0].to_dict() == {
        "classifier": "knn",
        "hyperparameter": "k=1",
        "split": "s",
        "items": 4,
        "accuracy": 75.0,
    }


def test_a_class_missing_from_training_gets_probability_zero() -> None:
    kept = ITEMS.where((EMOTION.labels(ITEMS) != 1) | (ITEMS.speakers == "dan"))
    systems = {
        str(knows): {"fold0": half_knowing("dan", knows, kept)} for knows in ((0, 1), (2, 3))
    }
    rows = fuse(systems, EMOTION, FED, SMALL)
    assert set(rows["p_calm"].dropna()) == {0.0}
    assert rows["p_sad"].max() > 0.5


def test_systems_that_do_not_fit_together_or_the_grid_are_refused(systems: Systems) -> None:
    with pytest.raises(UserError, match="at least two systems"):
        fuse({"speech": systems["speech"]}, EMOTION, FED, SMALL)
    fewer = {"fold0": systems["face"]["fold0"]}
    with pytest.raises(UserError, match="predictions for fold1"):
        fuse({"speech": systems["speech"], "face": fewer}, EMOTION, FED, SMALL)
    many = FusionSettings.model_validate({"classifiers": {"knn": {"k": [49]}}})
    with pytest.raises(UserError, match="49 neighbours, but fold0 has 48 training items"):
        fuse(systems, EMOTION, FED, many)


def test_the_entry_writes_predictions_and_grid(
    tmp_path: Path, systems: Systems, predictions: pd.DataFrame
) -> None:
    write_items(tmp_path / "items.csv", ITEMS)
    paths: dict[str, dict[str, Path]] = {name: {} for name in systems}
    for name, parts in systems.items():
        for split, posteriors in parts.items():
            paths[name][split] = tmp_path / f"{name}-{split}.csv"
            write_predictions(paths[name][split], posteriors)
    told = FusionJob(
        task=EMOTION,
        items=tmp_path / "items.csv",
        systems=paths,
        inputs=FED,
        settings=SMALL,
        predictions=tmp_path / "p.csv",
        grid=tmp_path / "g.csv",
    ).model_dump_json()
    command = [sys.executable, str(ROOT / "workflow_scripts" / "fuse_predictions.py"), told]
    subprocess.run(command, check=True, capture_output=True)
    pd.testing.assert_frame_equal(read_fused(tmp_path / "p.csv", EMOTION), predictions)
    assert len(pd.read_csv(tmp_path / "g.csv")) == 5 * 2
